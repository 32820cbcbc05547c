"""The table of ops in docs/ops.md: for every op the worst error that was seen, of its value and
of each kind of derivative, against 50-digit arithmetic.

    python -m tools.ops_table            prints the page
    python -m tools.ops_table --write    writes docs/ops.md
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from fusegrad.engine import OPS, ROWS
from tests.rows_sample import KINKS
from tools.op_errors import (
    Projected,
    cases_of,
    gradient_error,
    kept_dtypes,
    second_error,
    sloped_arguments,
    transposed_error,
    value_error,
)

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
    renamed = {"abs", "all", "amax", "amin", "any", "max", "min", "pow", "round", "sum"}
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
