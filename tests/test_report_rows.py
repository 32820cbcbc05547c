"""The report of a task whose rows are no pictures."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from fusegrad.lens.report import render
from tests.report_sample import sample
from tests.test_report import checked


def test_rows_without_a_picture_show_none_and_have_their_own_name() -> None:
    result = replace(sample(examples=3), noun="mails")
    for example in result.examples:
        example.picture = None
    page = render(result)
    assert checked(page).tags.count("img") == 0 and page.count('class="verdict"') == 3
    for text in (">Mails</h2>", "320 held-out mails", 'data-noun="mails"', "counts of mails"):
        assert text in page
    bare = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.S)
    hidden = bare.replace(result.title, "").replace(result.notes[0], "")
    assert "picture" not in hidden.lower()


def test_a_wide_picture_keeps_its_shape() -> None:
    result = sample(examples=1)
    result.examples[0].picture = np.zeros((32, 80, 3), np.uint8)
    assert 'width="160" height="64"' in render(result)


def test_branches_that_have_no_weights_are_not_drawn_as_moved() -> None:
    """As those of early fusion."""
    made = sample()
    run = next(r for r in made.runs if r.name.startswith("fused"))
    still = [replace(p, update=dict.fromkeys(p.update, 0.0)) for p in run.flow]
    assert "Share of the update" in render(made)
    page = render(replace(made, runs=[replace(run, flow=still)], race=[]))
    assert "Share of the gradient" in page and "Share of the update" not in page
