"""The table of all fusions: what it trains, what it calls a difference, what it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fusion_table
from benchmarks.fusion_page import page
from fusegrad.experiments import KINDS

RESULTS = Path(fusion_table.__file__).parent / "results" / "fusions"


def task(rows: int = 1000, **scores: list[float]) -> dict[str, Any]:
    seeds = {
        name: [{"test": x, "parameters": 7, "milliseconds": 1.0} for x in values]
        for name, values in scores.items()
    }
    networks = [{"network": n, "method": "joint", "seeds": s} for n, s in seeds.items()]
    return {
        "seeds": 3,
        "epochs": 2,
        "environment": {"python": "3"},
        "rows": {"train": 10, "validation": 5, "test": rows},
        "classes": 2,
        "chance": 0.5,
        "modalities": ["text"],
        "notes": ["a note"],
        "networks": networks,
    }


def test_a_difference_is_told_where_seeds_and_rows_agree() -> None:
    scores = {
        "concat": [0.7, 0.71, 0.72],
        "sum": [0.8, 0.81, 0.82],
        "gate": [0.701, 0.711, 0.721],
    }
    text = page({"made_up": task(**scores)}, 64)
    assert "**+0.100 ± 0.000**" in text  # large, and the same for all seeds
    assert "| +0.001 ± 0.000 |" in text  # the same for all seeds, and a single row of 1,000
    few = page({"made_up": task(rows=20, **scores)}, 64)
    assert "**" not in few.split("|---")[1]


def test_levels_are_named() -> None:
    names = ("text", "concat", "mult", "mean", "hybrid", "early")
    text = page({"made_up": task(**{name: [0.5, 0.6, 0.7] for name in names})}, 64)
    for name, level in zip(
        ("text alone", *names[1:]),
        ("one modality", "features", "tokens", "decisions", "both", "inputs"),
    ):
        assert f"| {name} | {level} |" in text


@pytest.mark.parametrize("kind", ["text", "low-rank", "stacking", "early"])
def test_a_network_of_the_table_is_trained(kind: str) -> None:
    found = fusion_table.trained("syllables", kind, "joint", 0, 1)
    assert 0.2 < found["test"] <= 1 and found["parameters"] > 1000 and found["passes"] == 0


def test_a_method_of_balance_has_its_row() -> None:
    rows = fusion_table.rows_of("syllables")
    assert {kind for kind, method in rows if method == "joint"} >= set(KINDS)
    found = fusion_table.trained("syllables", "concat", "mmpareto", 0, 1)
    assert found["passes"] == 2


def test_what_is_committed_is_the_page_of_its_figures() -> None:
    figures = json.loads(RESULTS.with_suffix(".json").read_text(encoding="utf-8"))
    assert RESULTS.with_suffix(".md").read_text(encoding="utf-8") == page(figures, 64)
    assert {"emoji", "spam", "syllables"} <= set(figures)
    for name, task in figures.items():
        assert task["seeds"] >= 3 and all(len(r["seeds"]) >= 3 for r in task["networks"]), name
        kinds = {r["network"] for r in task["networks"]}
        assert kinds >= set(KINDS) | set(task["modalities"]), name
