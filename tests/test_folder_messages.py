"""What is wrong in a folder is said with its line, its column and the repair."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fusegrad.data import read_folder
from fusegrad.kernels import OptionError
from fusegrad.tasks import FolderTask
from tests.folder_sample import shapes, write_rows

HEAD = "label,image,n\n"
ROWS = "a,,1\nb,,2\n" * 5
TEXTS: list[tuple[str | bytes, str]] = [
    (
        b"",
        "rows.csv: expected a line with the names of the columns, got an empty file; save it",
    ),
    (HEAD, "rows.csv: expected rows below the names, got none; add a line for each row"),
    (
        "label;n\na;1\n",
        "rows.csv: expected commas between columns, got 'label;n'; save it from a spreadsheet",
    ),
    ("label\tn\na\t1\n", r"rows.csv: expected commas between columns, got 'label\tn'; save it"),
    (
        b"label,n\na,1\n\xe9,2\n",
        "rows.csv, line 3: expected UTF-8, got byte 0xe9; save it from a spreadsheet as CSV",
    ),
    ("label,n,\na,1,\n", "rows.csv, line 1: expected a name for every column, got none for 3;"),
    (
        "label,N,n\na,1,1\n",
        "rows.csv, line 1: expected every name once, got 'n' again; rename one",
    ),
    (
        "n,m\n1,2\n",
        "rows.csv: expected a column label, got n, m; call the column with the answ",
    ),
    (
        "label,n\na,1\nb\nc,1,2\n",
        "rows.csv, line 3: expected 2 cells, as in the first line, got 1; put a text with "
        "commas in double quotes; 1 more line has such a fault",
    ),
    (
        'label,n\na,1\n"b,2\n',
        "rows.csv, line 3: expected CSV, got unexpected end of data; put a",
    ),
    (
        HEAD + ROWS + ",,1\n",
        "rows.csv, line 12, label: expected a label, got an empty cell; fill it or delete the",
    ),
    (
        HEAD + "a,,1\n" * 9,
        "rows.csv, label: expected two labels or more, got 'a' alone; add rows of another",
    ),
    (
        "label,n\n1.5,1\n2.5,2\n3.5,3\n",
        "rows.csv, label: expected labels that come again, got 3 different ones in 3 rows; gro",
    ),
    (
        "label,split,n\na,train,1\nb,val,2\na,,3\nb,test,4\n",
        "rows.csv, line 3, split: expected train, validation, test, got 'val'; write one of "
        "these; 1 more line has such a fault",
    ),
    (
        "label,split,n\na,train,1\nb,,2\nb,test,2\na,test,2\n",
        "rows.csv, line 3, split: expected train, validation, test, got an empty cell; write",
    ),
    (
        "label,split,n\na,train,1\nb,test,2\na,train,3\nb,train,4\n",
        "rows.csv, split: expected rows for validation, got none; write it in some lines, or",
    ),
    (
        "label\na\nb\na\nb\n",
        "rows.csv: expected a column image, text, audio, or of numbers, or",
    ),
    (
        "label,image\n" + "a,\nb,\n" * 5,
        "rows.csv, image: expected a value in some training row, got none; fill some, or take",
    ),
    (
        "label,n\n" + "a,\nb,\n" * 5,
        "rows.csv, n: expected a value in some training row, got none; fill it, or take the",
    ),
    (
        "label,n,m\n" + "a,1,1\nb,2,2\n" * 5 + "a,,\nb,,\n",
        "rows.csv, line 12: expected something to learn from, got the label alone; fill a cell "
        "or take the line out; 1 more line has such a fault",
    ),
    (HEAD + ROWS + 'a,,"12,5"\n', "rows.csv, line 12, n: expected a number, got '12,5'; write"),
    (
        HEAD + ROWS + "a,,nan\nb,,inf\n",
        "rows.csv, line 12, n: expected a number, got 'nan'; wr",
    ),
    (
        HEAD + ROWS + "a,,1e400\n",
        "rows.csv, line 12, n: expected a number up to 1e30, got 1e400;",
    ),
    (
        "label,n\n" + "".join(f"{'ab'[k % 2]},word{k:02}\n" for k in range(30)),
        "rows.csv, n: expected numbers, or 20 words, got 30, such as 'word00'; call the column "
        "text:n, or take it out",
    ),
    (
        "label,image:table,n\n" + ROWS,
        "rows.csv: expected a name for each modality, got table twice; rename one, as in image",
    ),
    (
        "label,text:a.b,n\n" + ROWS,
        "rows.csv, text:a.b: expected a name of letters, not label, split, id, and not "
        "beginning with fused, got 'a.b'; rename it; reports call fused networks so",
    ),
    ("label,text:fused,n\n" + ROWS, "and not beginning with fused, got 'fused'; rename it"),
    ("label,text:label,n\n" + ROWS, "and not beginning with fused, got 'label'; rename it"),
]


def refused(folder: Path, read: Callable[[Path], object] = read_folder) -> str:
    with pytest.raises(OptionError) as caught:
        read(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("content", "text"), TEXTS)
def test_what_is_wrong_in_the_table(content: str | bytes, text: str, tmp_path: Path) -> None:
    whole = content.encode() if isinstance(content, str) else content
    (tmp_path / "rows.csv").write_bytes(whole)
    said = refused(tmp_path)
    assert said.startswith(text) or (text.startswith("and") and text in said)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    text = "expected a folder with rows.csv, got no such folder; see docs/own_data.md"
    assert refused(tmp_path / "nowhere") == f"nowhere: {text}"
    text = "expected a file rows.csv in the folder, got an empty folder; see docs/own_data.md"
    assert refused(tmp_path) == f"{tmp_path.name}: {text}"
    (tmp_path / "Rows.xlsx").write_bytes(b"")
    assert "a file rows.csv in the folder, got Rows.xlsx; see docs" in refused(tmp_path)


def test_words_that_no_two_rows_share_teach_nothing(tmp_path: Path) -> None:
    lines = [["ab"[k % 2], f"word{k}"] for k in range(10)]
    said = refused(write_rows(tmp_path, ["label", "text"], *lines), FolderTask)
    assert said == (
        "text text: expected words of two training rows, got none; add rows, or take the "
        "column out"
    )


def test_a_folder_without_fault_is_not_refused(tmp_path: Path) -> None:
    read_folder(shapes(tmp_path / "shapes", missing=False))
