"""Rebuild fusegrad/data/emoji.npz: 1,601 emoji as 32x32 pictures with names and keywords.

    python tools/make_emoji.py [--packages DIR] [--out FILE] [--force]

DIR holds the three Debian 12 packages, fetched in it by
    apt-get download fonts-noto-color-emoji unicode-cldr-core unicode-data
Without --packages the tool fetches them itself into a temporary folder.

Needs dpkg-deb and `pip install fonttools==4.68.0 pillow==13.0.0`.

Shapes: image (1601, 32, 32, 3) uint8; group (1601,) uint8, index into groups;
    groups (8,) str; text () bytes, 1,601 UTF-8 lines "name | keyword, keyword".
Source: Noto Color Emoji 2.042, CLDR 41, Unicode 15.0; licences in DATA_LICENSES.md.
"""

import argparse
import hashlib
import io
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image

OUT = Path(__file__).resolve().parents[1] / "fusegrad" / "data" / "emoji.npz"
# fmt: off
PACKAGES = {
    "fonts-noto-color-emoji_2.042-0+deb12u1_all.deb":
        "a5ab0f69c7938423862320d9aca5dd187b3fd879d6a9a57dd52e17c3fa8d2751",
    "unicode-cldr-core_41-0.1_all.deb":
        "35d30d5d3bee4d8244e95236259c4c2a0db06e21bad696515751fcfeee4d0260",
    "unicode-data_15.0.0-1_all.deb":
        "5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc",
}
# fmt: on
ARRAYS = {
    "image": "8663766965961c8418f8ab1c8bf9310430290b035b008874225b5ea6935b79ba",
    "group": "51cc4977f52fabf55ac0ac47920b3bd1e80a431c42460a945cad1199e01f89c6",
    "groups": "1b31fbb2db50082024cfd055428a48ea22961be98e7043a76fbf67be700ff1df",
    "text": "466695462da7253a66cdea13b45a823b49dae8ddbb7bdbf35a3a406f4d0f9592",
}
FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
EMOJI_TEST = "usr/share/unicode/emoji/emoji-test.txt"
ANNOTATIONS = [
    "usr/share/unicode/cldr/common/annotations/en.xml",
    "usr/share/unicode/cldr/common/annotationsDerived/en.xml",
]
NOTICE = (
    "Modified from Noto Color Emoji (c) Google Inc. and Unicode data files (c) Unicode, Inc.; "
    "changes and licences: DATA_LICENSES.md of fusegrad"
)

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


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def expect(holds: bool, expected: str, got: str, repair: str) -> None:
    """Raises: SystemExit, with one line that ends in the repair, unless `holds`."""
    if not holds:
        raise SystemExit(f"make_emoji: expected {expected}, got {got}; {repair}")


def run(command: list[str], folder: Path, repair: str) -> None:
    """Raises: SystemExit when the Debian command is missing or fails in `folder`."""
    expect(shutil.which(command[0]) is not None, f"the command {command[0]}", "none", repair)
    status = subprocess.run(command, cwd=folder, check=False).returncode
    expect(status == 0, f"`{' '.join(command)}` to succeed", f"exit status {status}", repair)


def pin(file_name: str) -> str:
    """name_version_all.deb -> name=version, as apt-get wants it."""
    return "=".join(file_name.split("_")[:2])


def download(folder: Path) -> None:
    """Fetch the packages, at their exact versions, into `folder`."""
    repair = "run `apt-get update` on Debian 12, or pass --packages DIR"
    run(["apt-get", "--quiet", "download", *map(pin, PACKAGES)], folder, repair)


def check_package(package: Path) -> None:
    """Raises: SystemExit when the file is missing or is not the pinned build."""
    repair = f"run `apt-get download {pin(package.name)}` there, on Debian 12"
    expect(package.is_file(), str(package), "no such file", repair)
    expected, found = PACKAGES[package.name], sha256(package.read_bytes())
    expect(found == expected, f"sha256 {expected} of {package.name}", found, repair)


def unpack(packages: Path, root: Path) -> None:
    """Check every package, then unpack all of them into `root`."""
    paths = [packages.resolve() / name for name in PACKAGES]
    for path in paths:
        check_package(path)
    for path in paths:
        command = ["dpkg-deb", "-x", str(path), str(root)]
        run(command, root, "install dpkg and free some disk space")


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


def build(root: Path) -> dict[str, np.ndarray]:
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


def array_sha256(array: np.ndarray) -> str:
    """sha256 of the bytes in C order; a str array counts as newline-joined UTF-8."""
    return sha256("\n".join(array).encode() if array.dtype.kind == "U" else array.tobytes())


def check_arrays(arrays: dict[str, np.ndarray]) -> None:
    """Raises: SystemExit when an array differs from the published build."""
    repair = "install the fonttools and pillow of the docstring, or pass --force to write"
    for key, array in arrays.items():
        found = array_sha256(array)
        expect(found == ARRAYS[key], f"sha256 {ARRAYS[key]} of {key}", found, repair)


def write(out: Path, arrays: dict[str, np.ndarray]) -> None:
    """Save; the archive comment is the notice the Unicode licence wants in the file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        np.savez_compressed(file, **arrays)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = NOTICE.encode()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Rebuild fusegrad/data/emoji.npz.")
    parser.add_argument("--packages", type=Path, help="folder with the three .deb files")
    parser.add_argument("--out", type=Path, default=OUT, help="the .npz file to write")
    parser.add_argument("--force", action="store_true", help="write even if a hash differs")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        if arguments.packages is None:
            download(root)
        unpack(arguments.packages or root, root)
        arrays = build(root)
    for key, array in arrays.items():
        print(f"{key:6} {array.shape!s:18} {array.dtype!s:7} {array_sha256(array)}")
    if not arguments.force:
        check_arrays(arrays)
    write(arguments.out, arrays)


if __name__ == "__main__":
    main()
