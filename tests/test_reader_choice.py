"""Which reader takes a call of a rule: by device, size, dtype, layout and words."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest

from fusegrad.kernels import Lifted, lift
from fusegrad.kernels.words import erfc, exp, maximum, sin, where

LIFT = import_module("fusegrad.kernels.lift")  # the package's `lift` is the function


def chosen_for(rule: Callable[..., object], *arrays: object) -> str:
    return LIFT.choose(Lifted(rule).program, arrays)


def axpy(x: object, y: object, *, a: object = 2) -> object:
    return a * x + y


@pytest.fixture
def small_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIFT, "NUMBA_FROM", 100)


@pytest.mark.usefixtures("small_threshold")
def test_large_plain_arrays_go_to_numba_and_others_to_numpy() -> None:
    x = np.ones(100, np.float32)
    assert chosen_for(axpy, x, x) == "numba"
    assert chosen_for(axpy, x, x[:1]) == chosen_for(axpy, x, np.ones((), "f4")) == "numba"
    assert chosen_for(lambda t, x: where(t, x * x, x), x > 0, x) == "numba"
    assert chosen_for(axpy, x, 2.0) == chosen_for(axpy, np.float32(2), x) == "numba"
    square = x.reshape(10, 10)
    assert chosen_for(axpy, square.T, square.T) == "numba"  # in any order of the axes
    assert chosen_for(axpy, square, np.broadcast_to(x[:1], (10, 10))) == "numba"
    for other in (x[:99], x.astype("f8"), np.ones(200, "f4")[::2], x.reshape(4, 25), x[:2]):
        assert chosen_for(axpy, other if np.size(other) == 99 else x, other) == "numpy"
    for other in (square.T, x[:10], square[:, :1], np.ones((1, 1, 1), "f4")):
        assert chosen_for(axpy, square, other) == "numpy"
    for dtype in (np.float16, np.int64, ">f4", bool):
        assert chosen_for(axpy, x.astype(dtype), x.astype(dtype)) == "numpy"
    assert chosen_for(lambda x: sin(x) * x, x) == "numpy"  # NumPy's sin is a vector form
    assert chosen_for(lambda x, y: x * y, x, x) == "numpy"  # one word has nothing to fuse
    assert chosen_for(lambda x: exp(x), x) == "numba"  # but compiled code has a better exp
    assert chosen_for(lambda x: maximum(x, 0), x) == "numba"  # which takes memory of the pool


def test_what_numpy_has_no_form_of_goes_to_numba_earlier() -> None:
    x = np.ones(LIFT.SLOW_FROM, np.float32)
    assert LIFT.SLOW_FROM < LIFT.NUMBA_FROM
    assert chosen_for(lambda x: erfc(x) * x, x) == "numba"
    assert chosen_for(lambda x: erfc(x) * x, x[1:]) == "numpy"
    assert chosen_for(lambda x: exp(x) * x, x) == "numpy"


@pytest.mark.usefixtures("small_threshold")
@pytest.mark.parametrize("rule", [lambda x: x * x + x, lambda x, *, a: a * x * x + x])
def test_the_chosen_reader_runs(rule: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []
    monkeypatch.setitem(LIFT.READERS, "numba", lambda program: lambda *args: ran.append(args))
    f, scalars = lift(rule), dict.fromkeys(lift(rule).program.scalars, 3)
    f(np.ones(99), **scalars)
    assert not ran
    f(np.ones(100), **scalars)
    assert [a if np.isscalar(a) else a.size for a in ran[0]] == [100, *scalars.values()]
