"""The entry point that every raw computation goes through, the generators that draws come from,
and what is said where a device is missing."""

import math
import re
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fusegrad.engine import ROWS
from fusegrad.kernels import BackendError, Kernel, kernel, lift, observe, random, reduce
from fusegrad.kernels.device import cupy
from tests.readers_sample import MP, RULES


# ---- the entry point ----------------------------------------------------------------------
def test_the_users_error_state_is_neither_read_nor_changed() -> None:
    with np.errstate(all="raise"):
        before = np.geterr()
        assert lift(lambda x: 1 / x)(np.zeros(1)) == np.inf
        assert np.geterr() == before


@pytest.mark.parametrize("name", ROWS)
def test_observers_see_every_call(name: str) -> None:
    formula = ROWS[name].formula
    points = RULES[name].points("float64", np.random.default_rng(2), 3)
    seen: list[tuple[Any, ...]] = []
    with observe(lambda *event: seen.append(event)):
        result = formula(*points)
    ((which, args, params, given),) = seen
    assert which is formula and given is result and params == {}
    assert all(a is p for a, p in zip(args, points, strict=True))
    formula(*points)
    assert len(seen) == 1


def test_observers_nest_and_leave_after_an_error() -> None:
    outer: list[str] = []
    inner: list[str] = []
    fail = Kernel("fail", lambda: 1 / 0)
    double = kernel(lambda x: x + x)
    with observe(lambda k, *_: outer.append(k.name)):
        with pytest.raises(ZeroDivisionError), observe(lambda k, *_: inner.append(k.name)):
            double(1)
            fail()
        double(2)
    double(3)
    assert (outer, inner) == (["<lambda>"] * 2, ["<lambda>"])


def test_a_kernel_gives_arrays_and_is_named_after_its_function() -> None:
    total = reduce.sum_(np.ones(3))
    assert isinstance(total, np.ndarray) and total.shape == ()
    assert (reduce.sum_.name, repr(reduce.sum_)) == ("sum", "<kernel sum>")


# ---- generators ---------------------------------------------------------------------------
N, SIGMAS = 40_000, 5
DRAWS: dict[str, tuple[Kernel, dict[str, Any], Callable[[float], float]]] = {
    "uniform": (random.uniform, {"low": -1, "high": 3, "dtype": "f4"}, lambda q: 4 * q - 1),
    "normal": (
        random.normal,
        {"std": 2.0, "dtype": "f4"},
        lambda q: float(2 * MP.sqrt(2) * MP.erfinv(2 * q - 1)),
    ),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_follow_their_distribution(name: str) -> None:
    draw, params, quantile = DRAWS[name]
    x = draw(np.random.default_rng(9), shape=(N,), **params)
    assert x.dtype == np.float32
    for q in (0.01, 0.1, 0.5, 0.9, 0.99):
        spread = math.sqrt(q * (1 - q) / N)
        assert abs((x < quantile(q)).mean() - q) <= SIGMAS * spread


def test_draws_come_from_the_generator_given() -> None:
    one, two = np.random.default_rng(10), np.random.default_rng(10)
    for draw, params, _ in DRAWS.values():
        first = [draw(rng, shape=(2, 3), **params) for rng in (one, two)]
        assert np.array_equal(*first)
        assert not np.array_equal(first[0], draw(one, shape=(2, 3), **params))
        assert draw(two, shape=(2, 3), **params).shape == (2, 3)
        assert isinstance(draw(np.random.default_rng(), shape=(), **params), np.ndarray)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_bernoulli_holds_with_probability_p(p: float) -> None:
    x = random.bernoulli(np.random.default_rng(11), shape=(N,), p=p)
    assert x.dtype == bool
    assert abs(x.mean() - p) <= SIGMAS * math.sqrt(p * (1 - p) / N)


# ---- what is missing ----------------------------------------------------------------------
class NoDriverError(RuntimeError):
    """Stands for CUDARuntimeError."""


def fake_cupy(devices: int | None, compiler: bool = True) -> Any:
    def count() -> int:
        if devices is None:
            raise NoDriverError("cudaErrorNoDevice: none")
        return devices

    def version() -> tuple[int, int]:
        if not compiler:
            raise ImportError("libnvrtc.so: cannot open")
        return 13, 0

    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=NoDriverError)
    nvrtc = SimpleNamespace(getVersion=version)
    return SimpleNamespace(cuda=SimpleNamespace(runtime=runtime, nvrtc=nvrtc))


MISSING = {
    "expected CuPy to be installed, got no module cupy; "
    "pip install 'fusegrad[cuda13]' or 'fusegrad[cuda12]'": None,
    "expected a GPU with its driver, got cudaErrorNoDevice: none; "
    "run with device cpu": fake_cupy(None),
    "expected a GPU, got none; run with device cpu": fake_cupy(0),
    "expected NVRTC, which compiles kernels, got libnvrtc.so: cannot open; "
    "pip install nvidia-cuda-nvrtc": fake_cupy(1, compiler=False),
}


def found(module: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: module)
    return cupy()


@pytest.mark.parametrize("text", MISSING)
def test_what_is_missing_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendError, match=f"^{re.escape('device cuda: ' + text)}$"):
        found(MISSING[text], monkeypatch)


def test_a_gpu_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    module = fake_cupy(1)
    assert found(module, monkeypatch) is module
