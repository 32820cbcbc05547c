"""The figures behind the report's sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusegrad.lens.facts import standard_error
from fusegrad.lens.finding import caution
from tests.report_sample import sample


def test_the_error_of_a_lead_is_paired_where_the_pictures_are_known() -> None:
    first, second = (replace(run, right=[]) for run in sample().runs[:2])
    alone = standard_error(first, second, 100)
    first.right, second.right = [True] * 80 + [False] * 20, [True] * 70 + [False] * 30
    paired = standard_error(first, second, 100)
    gaps = np.repeat([0.0, 1.0, 0.0], [70, 10, 20])  # they answer the same pictures
    assert paired == pytest.approx(gaps.std() / 10) and paired < alone


def test_the_caution_names_the_lead_and_its_error() -> None:
    assert "standard errors of a difference" in caution(sample())
