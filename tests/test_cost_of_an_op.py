"""What an op costs beside its arithmetic: calls of Python and C functions, counted, so that
overhead cannot creep in. Unlike time, a count is the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn

MOST = 25  # calls an op, for each direction; a formula of many words makes one more a word
WORDS = {"sigmoid": 6, "maximum": 8}
LENGTH = 40
OPS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, c: x + c,
    "subtract": lambda x, c: x - c,
    "multiply": lambda x, c: x * c,
    "divide": lambda x, c: x / c,
    "with a number": lambda x, c: x * 1.5,
    "tanh": lambda x, c: fg.tanh(x),
    "relu": lambda x, c: fg.relu(x),
    "sigmoid": lambda x, c: fg.sigmoid(x),
    "maximum": fg.maximum,
    "square": lambda x, c: fg.square(x),
    "used twice": lambda x, c: x + x,
    "reshape": lambda x, c: fg.reshape(x, (4, 2)),
}


def calls(run: Callable[[], Any]) -> int:
    """How many functions, of Python and of C, are called."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def per_op(run: Callable[[int], Callable[[], Any]]) -> float:
    """Calls of one op more, in a chain of `LENGTH`, with all that happens once taken off."""
    for length in (2, 4):
        run(length)()  # plans and readings are made
    return (calls(run(2 * LENGTH)) - calls(run(LENGTH))) / LENGTH


@pytest.mark.parametrize("name", OPS)
def test_an_op_makes_few_calls(name: str) -> None:
    x = fg.Tensor(np.full(8, 0.5, np.float32), requires_grad=True)
    c = fg.Tensor(np.full(8, 1.25, np.float32))

    def chain(length: int) -> Any:
        y = x
        for _ in range(length):
            y = OPS[name](y, c)
        return y

    def back(length: int) -> Callable[[], Any]:
        y = chain(length)
        g = np.zeros(y.shape, np.float32)
        return lambda: y.backward(g)

    most = MOST + WORDS.get(name, 1) - 1
    assert per_op(lambda length: lambda: chain(length)) <= most
    assert per_op(back) <= most


def test_a_linear_layer_makes_few_calls() -> None:
    layer = nn.Linear(8, 8, rng=np.random.default_rng(0))
    x = fg.Tensor(np.ones((4, 8), np.float32), requires_grad=True)

    def chain(length: int) -> Any:
        y = x
        for _ in range(length):
            y = layer(y)
        return y

    def back(length: int) -> Callable[[], Any]:
        y = chain(length)
        g = np.zeros(y.shape, np.float32)
        return lambda: y.backward(g)

    assert per_op(lambda length: lambda: chain(length)) <= 2 * MOST  # a layer, and its checks
    assert per_op(back) <= 4 * MOST  # three gradients, and where they end


def test_the_count_counts() -> None:
    assert calls(lambda: [abs(-1), abs(2)]) == 4  # the lambda, two of C, and setprofile itself
