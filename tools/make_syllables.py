"""Rebuild fusegrad/data/syllables.npz: 1,158 spoken Mandarin syllables as log-mel pictures.

    python -m tools.make_syllables [--packages DIR] [--out FILE] [--force]

DIR holds the Debian 12 package, fetched in it by
    apt-get download gcin-voice=0~20170223-3
Without --packages the tool fetches it itself into a temporary folder.

Needs dpkg-deb and `pip install soundfile==0.14.0 scipy==1.17.1`.

Shapes: logmel (1158, 32, 32) uint8, (mel band from low to high, frame); tone (1158,) uint8, the
    digit of the folder's name, 0 without one; zhuyin () bytes, 1,158 UTF-8 lines, the spelling.
Source: gcin-voice 0~20170223-3, the second of its two speakers; licences in DATA_LICENSES.md.
"""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fusegrad.multimodal.encoder import log_mel_image
from tools.embedding import Arrays, Recipe, expect, make, run

PACKAGE = "gcin-voice_0~20170223-3_all.deb"
FOLDER = "usr/share/gcin-voice/ogg"
SPEAKER = "5.ogg"  # CC BY 3.0; the other one, 3.ogg, is GPL-3 or LGPL-3 and stays outside
RATE, UP, DOWN = 44_100, 80, 441  # 44.1 kHz * 80 / 441 = 8 kHz
SILENCE = 0.02  # of the loudest sample


def trimmed(x: np.ndarray) -> np.ndarray:
    """From the first to the last sample that is louder than silence. Shapes: (N,) -> (n,)."""
    loud = np.flatnonzero(np.abs(x) > SILENCE * np.abs(x).max())
    return x[loud[0] : loud[-1] + 1]


def syllable(recording: bytes) -> np.ndarray:
    """A Vorbis recording as its picture: decoded, to 8 kHz, trimmed, log-mel.

    Shapes: -> (32, 32) uint8.
    """
    import soundfile
    from scipy.signal import resample_poly

    samples, rate = soundfile.read(io.BytesIO(recording), always_2d=True)
    expect(rate == RATE, f"{RATE} samples a second", str(rate), "use the package named")
    return log_mel_image(trimmed(resample_poly(samples.mean(axis=1), UP, DOWN)))


def spelling(folder: str) -> tuple[str, int]:
    """The name of a folder as zhuyin and tone digit, 0 without one.

    >>> spelling("ba3"), spelling("ba")
    (('ba', 3), ('ba', 0))
    """
    digit = folder[-1] if folder[-1] in "1234" else ""
    return folder.removesuffix(digit), int(digit or 0)


def build(packages: Path) -> Arrays:
    """The three arrays, in the sorted order of the folders."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        command = ["dpkg-deb", "-x", str(packages / PACKAGE), scratch]
        run(command, root, "install dpkg and free some disk space")
        found = sorted((root / FOLDER).glob(f"*/{SPEAKER}"), key=lambda path: path.parent.name)
        names = [spelling(path.parent.name) for path in found]
        pictures = [syllable(path.read_bytes()) for path in found]
    return {
        "logmel": np.stack(pictures),
        "tone": np.array([tone for _, tone in names], np.uint8),
        "zhuyin": np.array("\n".join(text for text, _ in names).encode()),
    }


RECIPE = Recipe(
    file="syllables.npz",
    packages=[PACKAGE],
    fetch=["apt-get", "--quiet", "download", "gcin-voice=0~20170223-3"],
    repair="run `apt-get update` on Debian 12",
    build=build,
    notice="Made from recordings by ChionMeilin with the vocal source from Chu Lo "
    "(gcin-voice), CC BY 3.0; changed: reduced to log-mel pictures; changes and licence: "
    "DATA_LICENSES.md of fusegrad",
)

if __name__ == "__main__":
    make(RECIPE)
