"""detect_anomaly: the op and the line that first made a nan or an inf, and writes that NumPy
was told to allow."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from tests.ops_sample import leaf, refused


def line_of(mark: str) -> str:
    """`file.py:12`, the place of the line of this file that ends with a mark."""
    with open(__file__, encoding="utf-8") as source:
        number = next(n for n, line in enumerate(source, 1) if line.endswith(f"# {mark}\n"))
    return f"test_anomaly.py:{number}"


def test_the_first_op_forward_that_makes_an_inf_is_named_with_its_line() -> None:
    x = leaf([[1.0, 2.0], [0.0, 4.0]])
    text = (
        f"log ({line_of('LOG')}): expected a finite result of finite arguments, got "
        "-inf at index (1, 0) of shape (2, 2); look at its arguments"
    )
    with refused(fg.NonFiniteError, text), fg.detect_anomaly():
        h = fg.log(x)  # LOG
        fg.exp(h * -1.0)


def test_the_first_op_backward_that_makes_an_inf_is_named_with_its_line() -> None:
    x = leaf([4.0, 0.0])
    text = (
        f"backward of sqrt ({line_of('ROOT')}): expected a finite gradient for x, got "
        "inf at index (1,) of shape (2,); keep x away from where its slope is infinite"
    )
    with refused(fg.NonFiniteError, text), fg.detect_anomaly():
        y = fg.sqrt(x)  # ROOT
        (y * 3.0).sum().backward()


def test_without_a_graph_the_line_is_named_as_well() -> None:
    made = pytest.raises(fg.NonFiniteError, match=r"^divide \(test_anomaly.py:\d+\): ")
    with made, fg.detect_anomaly():
        fg.Tensor([1.0]) / 0.0


def test_what_was_infinite_before_passes() -> None:
    with fg.detect_anomaly():
        y = fg.softmax(leaf([-np.inf, 1.0, 2.0]))
        y[1].backward()


def test_outside_the_block_nothing_is_looked_at() -> None:
    with fg.detect_anomaly():
        pass
    assert fg.log(leaf(0.0)).item() == -np.inf


def test_a_write_that_numpy_was_told_to_allow_is_found() -> None:
    x = leaf([1.0, 2.0])
    with fg.detect_anomaly():
        h = x * 2.0
        y = (h * h).sum()  # SQUARE
        h.data.flags.writeable = True
        h.data[0] = 7.0
        text = (
            f"backward of multiply ({line_of('SQUARE')}): expected what it saved (a, "
            "b) as the forward pass left it, got an array changed since; write to no array of "
            "a Tensor: compute a new one, or assign_ a leaf"
        )
        with refused(fg.GraphError, text):
            y.backward()


def test_the_mode_belongs_to_a_thread_and_ends_with_an_error() -> None:
    from fusegrad.engine.mode import MODE

    with pytest.raises(KeyError), fg.detect_anomaly():
        raise KeyError
    assert MODE.watcher is None


def layer(x: Any) -> Any:
    return fg.nn.ReLU()(x) / 0.0


def test_a_line_inside_the_package_is_never_the_one_named() -> None:
    _, start = inspect.getsourcelines(layer)
    made = pytest.raises(fg.NonFiniteError, match=f"test_anomaly.py:{start + 1}")
    with made, fg.detect_anomaly():
        layer(leaf([1.0]))
