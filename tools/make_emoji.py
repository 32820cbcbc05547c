"""Rebuild fusegrad/data/emoji.npz: 1,601 emoji as 32x32 pictures with names and keywords.

    python -m tools.make_emoji [--packages DIR] [--out FILE] [--force]

DIR holds the three Debian 12 packages, fetched in it by
    apt-get download fonts-noto-color-emoji unicode-cldr-core unicode-data
Without --packages the tool fetches them itself into a temporary folder.

Needs dpkg-deb and `pip install fonttools==4.68.0 pillow==13.0.0`.

Shapes: image (1601, 32, 32, 3) uint8; group (1601,) uint8, index into groups;
    groups (8,) str; text () bytes, 1,601 UTF-8 lines "name | keyword, keyword".
Source: Noto Color Emoji 2.042, CLDR 41, Unicode 15.0; licences in DATA_LICENSES.md.
"""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image

from tools.embedding import Arrays, Recipe, make, run

PACKAGES = [
    "fonts-noto-color-emoji_2.042-0+deb12u1_all.deb",
    "unicode-cldr-core_41-0.1_all.deb",
    "unicode-data_15.0.0-1_all.deb",
]
FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
EMOJI_TEST = "usr/share/unicode/emoji/emoji-test.txt"
ANNOTATIONS = [
    "usr/share/unicode/cldr/common/annotations/en.xml",
    "usr/share/unicode/cldr/common/annotationsDerived/en.xml",
]

LIGATURE = 4  # the GSUB lookup type
SKIN_TONES = set(map(chr, range(0x1F3FB, 0x1F400)))
VARIATION_SELECTOR = "\ufe0f"  # picks the colour form; neither font nor CLDR keys carry it
CANVAS = 136  # pixels; bitmaps are 136 wide, 128 high
SIDE = 32


class Emoji(NamedTuple):
    """One line of emoji-test.txt; sequence = its characters without U+FE0F."""

    sequence: str
    name: str
    group: str


def pin(file_name: str) -> str:
    """name_version_all.deb -> name=version, as apt-get wants it."""
    return "=".join(file_name.split("_")[:2])


def build(packages: Path) -> Arrays:
    """Unpack, then read."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name in PACKAGES:
            command = ["dpkg-deb", "-x", str(packages / name), scratch]
            run(command, root, "install dpkg and free some disk space")
        return arrays(root)


def read_emoji(lines: Iterable[str]) -> Iterator[Emoji]:
    """Fully-qualified emoji of emoji-test.txt in file order, without flags and skin tones.

    Source: Unicode Technical Standard 51, data file emoji-test.txt.
    """
    group = ""
    for line in lines:
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ").strip()
        elif "; fully-qualified" in line and group != "Flags":
            emoji = parse_emoji(line, group)
            if not SKIN_TONES.intersection(emoji.sequence):
                yield emoji


def parse_emoji(line: str, group: str) -> Emoji:
    """Read "1F600 ; fully-qualified # <emoji> E1.0 grinning face"."""
    fields, comment = line.split("#", 1)
    code_points = fields.split(";")[0].split()
    sequence = "".join(chr(int(code, 16)) for code in code_points)
    name = comment.split(maxsplit=2)[2].strip()
    return Emoji(sequence.replace(VARIATION_SELECTOR, ""), name, group)


def read_keywords(paths: Iterable[Path]) -> dict[str, list[str]]:
    """CLDR keywords by sequence; the spoken names (type="tts") are left out."""
    return {
        annotation.get("cp"): [keyword.strip() for keyword in annotation.text.split("|")]
        for path in paths
        for annotation in ElementTree.parse(path).iter("annotation")
        if annotation.get("type") != "tts"
    }


def read_ligatures(font: TTFont) -> dict[tuple[str, ...], str]:
    """Glyph name of every sequence of two or more glyphs in the GSUB table."""
    return {
        (first, *record.Component): record.LigGlyph
        for lookup in font["GSUB"].table.LookupList.Lookup
        if lookup.LookupType == LIGATURE
        for subtable in lookup.SubTable
        for first, records in subtable.ligatures.items()
        for record in records
    }


def read_bitmaps(font: TTFont, sequences: Iterable[str]) -> Iterator[bytes]:
    """PNG bytes of each sequence from the font's only CBDT strike."""
    cmap, ligatures = font.getBestCmap(), read_ligatures(font)
    (strike,) = font["CBDT"].strikeData
    for sequence in sequences:
        glyphs = tuple(cmap[ord(character)] for character in sequence)
        glyph = glyphs[0] if len(glyphs) == 1 else ligatures[glyphs]
        yield strike[glyph].imageData


def draw(png: bytes) -> np.ndarray:
    """Centre on a white square, then shrink.

    Shapes: PNG of (128, 136) RGBA -> (32, 32, 3) uint8.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    canvas = Image.new("RGBA", (CANVAS, CANVAS), "white")
    left, top = (CANVAS - picture.width) // 2, (CANVAS - picture.height) // 2
    canvas.alpha_composite(picture, (left, top))
    return np.asarray(canvas.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def arrays(root: Path) -> Arrays:
    """The four arrays, from the packages unpacked in `root`."""
    emoji = list(read_emoji((root / EMOJI_TEST).read_text(encoding="utf-8").splitlines()))
    keywords = read_keywords(root / path for path in ANNOTATIONS)
    groups = sorted({e.group for e in emoji})
    lines = [f"{e.name} | {', '.join(keywords.get(e.sequence, []))}" for e in emoji]
    bitmaps = read_bitmaps(TTFont(root / FONT), (e.sequence for e in emoji))
    return {
        "image": np.stack([draw(png) for png in bitmaps]),
        "group": np.array([groups.index(e.group) for e in emoji], np.uint8),
        "groups": np.array(groups),
        "text": np.array("\n".join(lines).encode()),
    }


RECIPE = Recipe(
    file="emoji.npz",
    packages=PACKAGES,
    fetch=["apt-get", "--quiet", "download", *map(pin, PACKAGES)],
    repair="run `apt-get update` on Debian 12",
    build=build,
    notice="Modified from Noto Color Emoji (c) Google Inc. and Unicode data files "
    "(c) Unicode, Inc.; changes and licences: DATA_LICENSES.md of fusegrad",
)

if __name__ == "__main__":
    make(RECIPE)
