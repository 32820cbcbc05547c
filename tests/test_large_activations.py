"""Activations of large arrays: vector code without calls, right at every point, and the same
whatever the layout and the number of threads."""

from __future__ import annotations

import platform
from typing import Any

import numba
import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import ROWS
from fusegrad.kernels import on_numba
from tests.bounds_sample import MP
from tests.readers_sample import special_numbers
from tests.vector_sample import vector_code

N = 65_536
NAMES = [
    "gelu",
    "gelu_tanh",
    "softplus",
    "sigmoid",
    "silu",
    "tanh",
    "relu",
    "elu",
    "mish",
    "huber",
    "logsigmoid",
    "leaky_relu",
    "hardswish",
    "bce_with_logits",
    "exp",
    "log",
    "erf",
]
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")
EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def programs(name: str) -> list[Any]:
    row = ROWS[name]
    return [row.formula.program, *(v.kernel.program for v in row.op.vjps[:1])]


def assembly(program: Any, dtype: str) -> str:
    """Of the serial loop, compiled here and now: what comes from a cache shows none."""
    source = on_numba.elementwise_source(program, dtype, (False,) * len(program.inputs))
    space: dict[str, Any] = {}
    exec(source, space)
    arrays = [np.ones(64, dtype) for _ in range(1 + len(program.inputs))]
    space["serial"](*arrays)
    return next(iter(space["serial"].inspect_asm().values()))


@pytest.mark.skipif(not IS_X86, reason="reads the assembly of x86")
@pytest.mark.parametrize("name", NAMES)
def test_loops_are_packed_and_call_nothing(name: str) -> None:
    for program in programs(name):
        packed, calls = vector_code(assembly(program, "float32"), "float32")
        assert packed and not calls, program.name


def reference(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """gelu and its slope in 50 digits, and the size of the terms of the slope."""
    rows = []
    for v in map(MP.mpf, x.tolist()):
        share, density = MP.ncdf(v), MP.npdf(v)
        rows.append((v * share, share + v * density, share + abs(v) * density))
    value, slope, size = (np.array(column, object) for column in zip(*rows))
    return value, slope, size


@pytest.mark.parametrize("dtype", EPS)
def test_gelu_and_its_slope_are_right_at_every_size(dtype: str) -> None:
    rng = np.random.default_rng(1)
    sizes = rng.choice([1e-30, 1e-6, 1e-4, 3e-4, 1e-2, 1.0, 3.0], 600)
    points = (sizes * rng.standard_normal(600)).astype(dtype)
    y, slope, size = reference(points)
    for repeat in (1, N // 600 + 1):  # by NumPy, and by a fused loop
        x = fg.Tensor(np.tile(points, repeat), requires_grad=True)
        z = fg.gelu(x)
        z.sum().backward()
        assert x.grad is not None
        off = abs(z.numpy()[-600:] - y) / abs(y)
        bound = EPS[dtype] * (4 + points.astype(np.float64) ** 2)  # x**2 / 2 is rounded
        assert (off <= bound).all()
        assert (abs(x.grad.numpy()[-600:] - slope) <= bound * size).all()


def test_the_slope_of_gelu_near_0_keeps_float16() -> None:
    x = fg.Tensor(np.linspace(-4e-4, 4e-4, 801).astype(np.float16), requires_grad=True)
    fg.gelu(x).sum().backward()
    assert x.grad is not None
    wide = x.numpy().astype(np.float64)
    assert abs(x.grad.numpy() - (0.5 + 0.7978845608 * wide)).max() <= 2.0**-11


@pytest.mark.parametrize(
    ("name", "want"), [("gelu", (2 / np.pi) ** 0.5), ("softplus", 0.25), ("logsigmoid", -0.25)]
)
def test_second_derivatives_take_the_slope_that_can_be_differentiated(
    name: str, want: float
) -> None:
    got = fg.grad(fg.grad(ROWS[name].function))(0.0).item()
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("name", ["gelu", "silu", "softplus", "relu", "tanh", "elu", "mish"])
def test_special_numbers_come_out_of_large_arrays_as_of_small_ones(name: str) -> None:
    x, f = special_numbers("float32"), ROWS[name].function
    small, large = f(x), f(np.tile(x, N // len(x) + 1))[: len(x)]
    assert np.array_equal(np.isnan(small), np.isnan(large))
    assert np.array_equal(np.isinf(small), np.isinf(large))
    signs = [np.signbit(y[~np.isnan(y)]) for y in (small, large)]
    assert name == "relu" or np.array_equal(*signs)  # max(-0.0, 0) is either zero
    finite = np.isfinite(small)
    assert np.allclose(small[finite], large[finite], rtol=2e-6, atol=1e-44)


@pytest.mark.parametrize("name", ["gelu", "softplus", "relu"])
def test_any_number_of_threads_gives_the_same_bits(name: str) -> None:
    x = np.random.default_rng(2).standard_normal(5 * N + 17).astype(np.float32)
    f, most = ROWS[name].function, numba.get_num_threads()
    found = []
    for count in {1, most}:
        numba.set_num_threads(count)
        found.append(f(x))
    numba.set_num_threads(most)
    assert all(np.array_equal(found[0], y) for y in found)


def test_each_element_is_computed_alike_wherever_it_stands() -> None:
    """The end of an array, which no whole vector fills, as its middle."""
    x = np.full(N + 13, 0.7, np.float32)
    for name in ("gelu", "softplus", "log", "tanh"):
        assert len(np.unique(ROWS[name].function(x))) == 1
