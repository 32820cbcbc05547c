"""The bar of a fit: what it draws on a terminal, and what it leaves alone elsewhere."""

from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from fusegrad import metrics
from fusegrad.training import Progress
from tests.training_sample import At, held_out, loader, trainer

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
X4, Y4 = loader().dataset[:4]


def test_progress_draws_on_a_terminal_and_is_quiet_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quiet, screen = io.StringIO(), io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120)
    for console in (Console(file=quiet), terminal):
        mine = trainer(callbacks=[Progress(console)])
        mine.fit(loader(), 2, held_out())
    trainer(callbacks=[Progress()]).fit(loader(), 1)
    trainer(callbacks=[Progress(terminal)]).fit(zip([X4], [Y4]), 1)  # of unknown length
    assert quiet.getvalue() == "" and capsys.readouterr() == ("", "")
    drawn = ANSI.sub("", screen.getvalue())
    for part in ("epoch 1/2", "epoch 2/2", "3/3", "val_loss"):
        assert part in drawn
    assert f"loss {mine.history[-1]['loss']:.4g}" in drawn


def test_progress_shows_all_of_it_on_a_terminal_of_80_columns() -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80)
    shares = {"accuracy": metrics.accuracy, "share": metrics.accuracy}
    mine = trainer(callbacks=[Progress(terminal)], metrics=shares)
    mine.fit(loader(), 2, held_out())
    drawn = ANSI.sub("", screen.getvalue())
    for part in ("epoch 2/2 \N{BOX DRAWINGS HEAVY HORIZONTAL}", "3/3", "val_share"):
        assert part in drawn
    assert "\N{HORIZONTAL ELLIPSIS}" not in drawn


def test_progress_leaves_what_is_printed_to_a_file_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, screen = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    progress = Progress(Console(file=screen, force_terminal=True))
    trainer(callbacks=[progress, At(2, lambda _: print("mine"))]).fit(loader(), 1)
    assert file.getvalue() == "mine\n" and "mine" not in screen.getvalue()
