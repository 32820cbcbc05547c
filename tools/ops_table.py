"""The table of ops in docs/ops.md: for every op the worst error that was seen, of its value and
of each kind of derivative, against 50-digit arithmetic.

    python -m tools.ops_table            prints the page
    python -m tools.ops_table --write    writes docs/ops.md
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import fusegrad as fg
from fusegrad.engine import OPS, ROWS, Tensor
from tests import ops_sample as sample
from tests.cases import OPERATIONS
from tests.ops_sample import MP, STEP
from tests.rows_sample import KINKS, ORACLES, drawn

PAGE = Path(__file__).resolve().parents[1] / "docs" / "ops.md"
HEAD = """\
# Every op, and how well it is known

Made by `python -m tools.ops_table --write`. A number is the worst error that was seen over all
cases of `tests/`, relative to the true number or to 1 if that is smaller:

- **value** against the textbook formula in 50-digit arithmetic;
- **vjp** the gradient, against central differences of that formula in 50 digits;
- **jvp** how far <u, J v> is from <J^T u, v> for random u and v, relative to the terms' sizes;
- **second** the derivative of the gradient, forward over reverse, against mixed differences in
  50 digits;
- **dtypes** in which value and gradients stay;
- **backends** that run it: NumPy (np), one fused Numba loop (nb), CUDA text (cu),
  CuPy's functions (cp). No GPU took part in making this page: the tests compile the CUDA text
  and run it on the host.

`flat`: the op is constant almost everywhere, and no gradient passes. `linear`: all second
derivatives are 0, and were found to be.

| op | value | vjp | jvp | second | dtypes | backends |
|---|---|---|---|---|---|---|
"""
MADE = """
## Made of these ops

With the derivatives of their parts, of any order; each has tests of its own.

"""
KINK_HEAD = """
## Conventions at kinks and poles

Where a function has no slope, or a formula for it would be 0 / 0, this is what it gives.

| op | at | slopes |
|---|---|---|
"""
EXACT = Callable[..., Any]


class Measured(NamedTuple):
    """A function of arrays, the same in 50 digits, and the arrays."""

    f: Callable[..., Any]
    oracle: EXACT
    args: list[np.ndarray]


def cases_of(name: str) -> Iterator[Measured]:
    """Everything an op is measured on."""
    if name in ROWS:
        args = drawn(name, np.random.default_rng(1), 8)
        whole = np.frompyfunc(ORACLES[name], len(args), 1)
        yield Measured(ROWS[name].function, whole, args)
        return
    known = OPERATIONS[name]
    for shapes, params in known.uses:

        def call(*x: Any, params: Any = params) -> Any:
            return known.call(*x, *params)

        def oracle(*x: Any, params: Any = params) -> Any:
            return np.asarray(known.oracle(*x, *params))

        yield Measured(call, oracle, known.draw(shapes))


def relative(got: Any, wanted: Any) -> float:
    """The largest error, relative to the wanted number or 1."""
    got, wanted = np.asarray(got, float), np.asarray(wanted).astype(float)
    return float(np.max(np.abs(got - wanted) / np.maximum(1, np.abs(wanted)), initial=0.0))


def value_error(m: Measured) -> float:
    return relative(m.f(*map(Tensor, m.args)), m.oracle(*map(sample.exact, m.args)))


class Projected:
    """phi(x) = <u, f(x)>, one number, of a case: its derivatives by the engine and in 50 digits
    along every element of every sloped argument."""

    def __init__(self, m: Measured, sloped: list[int]) -> None:
        rng = np.random.default_rng(2)
        y = m.f(*map(Tensor, m.args))
        self.m, self.sloped = m, sloped
        self.u = rng.standard_normal(y.shape)
        self.v = [rng.standard_normal(m.args[i].shape) for i in sloped]
        self.exact_u = sample.exact(self.u)

    def given(self, moved: Any, others: Any) -> list[Any]:
        args = list(others)
        for i, x in zip(self.sloped, moved):
            args[i] = x
        return args

    def phi(self, *moved: Any) -> Any:
        return fg.sum(self.m.f(*self.given(moved, self.m.args)) * self.u)

    def exact(self, *moved: Any) -> Any:
        y = self.m.oracle(*self.given(moved, map(sample.exact, self.m.args)))
        return np.sum(np.asarray(y * self.exact_u)) if np.size(y) else MP.mpf(0)

    def points(self) -> list[np.ndarray]:
        return [self.m.args[i] for i in self.sloped]


def gradient_error(p: Projected) -> float:
    at = [sample.exact(x) for x in p.points()]
    found = fg.grad(p.phi, tuple(range(len(at))))(*p.points())
    worst = 0.0
    for k, x in enumerate(at):
        for index in np.ndindex(x.shape):
            up, down = (p.exact(*_moved(at, k, index, s * STEP)) for s in (1, -1))
            worst = max(worst, relative(found[k].numpy()[index], (up - down) / (2 * STEP)))
    return worst


def second_error(p: Projected) -> tuple[float, float]:
    """The worst error of the derivative of the gradient along v, and its largest element."""
    at = [sample.exact(x) for x in p.points()]
    along = [sample.exact(v) for v in p.v]
    _, found = fg.jvp(fg.grad(p.phi, tuple(range(len(at)))), p.points(), p.v)
    worst = largest = 0.0
    for k, x in enumerate(at):
        for index in np.ndindex(x.shape):
            corners = [
                p.exact(*_moved(_stepped(at, along, t), k, index, s * STEP))
                for s in (1, -1)
                for t in (1, -1)
            ]
            wanted = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * STEP**2)
            worst = max(worst, relative(found[k].numpy()[index], wanted))
            largest = max(largest, abs(float(wanted)))
    return worst, largest


def _stepped(at: list[Any], along: list[Any], sign: int) -> list[Any]:
    return [np.asarray(a + sign * STEP * v, object) for a, v in zip(at, along)]


def _moved(at: list[Any], k: int, index: Any, step: Any) -> list[Any]:
    moved = [a.copy() for a in at]
    moved[k][index] += step
    return moved


def transposed_error(p: Projected) -> float:
    """How far <u, J v> is from <J^T u, v>, relative to the sizes of their terms."""

    def f(*moved: Any) -> Any:
        return p.m.f(*p.given(moved, p.m.args))

    _, jv = fg.jvp(f, p.points(), p.v)
    _, pullback = fg.vjp(f, *p.points())
    terms = [p.u * jv.numpy(), *(g.numpy() * t for g, t in zip(pullback(p.u), p.v))]
    size = max(1.0, *(float(abs(t).sum()) for t in terms))
    return abs(float(terms[0].sum()) - sum(float(t.sum()) for t in terms[1:])) / size


def sloped_arguments(name: str, m: Measured) -> list[int]:
    vjps = OPS[name].vjps
    given = range(len(m.args))
    return [i for i in given if OPS[name].variadic or vjps[i] is not None]


def kept_dtypes(name: str) -> str:
    """The widths in which value and gradients stay."""
    m = next(cases_of(name))
    kept = []
    for dtype in (np.float16, np.float32, np.float64):
        args = [Tensor(a, dtype=dtype, requires_grad=True) for a in m.args]
        y = m.f(*args)
        if y.requires_grad:
            y.backward(np.ones(y.shape))
        grads = {a.grad.dtype for a in args if a.grad is not None}
        if name == "astype" or (y.dtype in (dtype, bool) and grads <= {np.dtype(dtype)}):
            kept.append(str(np.dtype(dtype).itemsize * 8))
    return "float " + " ".join(kept)


def backends(name: str) -> str:
    if name not in ROWS:
        return "np cp"
    return "np nb cu"  # a row is a rule, and every reader reads rules


def line(name: str) -> str:
    """One row of the page."""
    cases = list(cases_of(name))
    value = max(map(value_error, cases))
    projected = [Projected(m, s) for m in cases if (s := sloped_arguments(name, m))]
    cells = [f"{value:.0e}", "flat", "flat", "flat"]
    if projected:
        seconds = [second_error(p) for p in projected]
        worst, largest = max(s[0] for s in seconds), max(s[1] for s in seconds)
        second = "linear" if max(largest, worst) < 1e-20 else f"{worst:.0e}"
        gradient, jvp = (
            max(map(gradient_error, projected)),
            max(map(transposed_error, projected)),
        )
        cells[1:] = [f"{gradient:.0e}", f"{jvp:.0e}", second]
    cells = [c.replace("0e+00", "0") for c in cells]
    return f"| {name} | {' | '.join(cells)} | {kept_dtypes(name)} | {backends(name)} |\n"


def _listed(numbers: Any) -> str:
    return ", ".join(f"{x:g}" for x in numbers)


def page() -> str:
    """The whole page."""
    rows = "".join(line(name) for name in sorted(OPS))
    kinks = "".join(
        f"| {name} | {_listed(at)} | {_listed(slopes)} |\n" for name, at, slopes in KINKS
    )
    return HEAD + rows + composed() + KINK_HEAD + kinks


def composed() -> str:
    """The public functions that are no ops."""
    stub = (PAGE.parents[1] / "fusegrad" / "__init__.pyi").read_text(encoding="utf-8")
    public = re.findall(r"^from \.engine\.ops\.(\w+) import (\w+)", stub, re.M)
    renamed = {"abs", "all", "amax", "amin", "any", "max", "min", "round", "sum"}
    names = [
        n for where, n in public if n not in OPS and n not in renamed and where != "create"
    ]
    return MADE + textwrap.fill(", ".join(sorted(names)), 96) + ".\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())
