"""The CUDA text of a row rule: one kernel for its folds and outputs, one for sums over rows.

A row is read by a warp, or, where it is long, by a block of warps; a fold goes from lane to
lane by shuffles, then from warp to warp through shared memory. So the order of every sum
depends on the shape alone. float16 is what is stored; it is computed as float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .on_cuda import template
from .row_rules import EACH, ONE, PLACE, RULES, TURNS, Fold, Formula, RowRule
from .text import body, element
from .tracer import trace

STORED = {"float16": "unsigned short", "float32": "float", "float64": "double"}
COMPUTED = {"float16": "float", "float32": "float", "float64": "double"}
COMPUTED_AS: dict[str, Any] = {
    "float16": np.float32, "float32": np.float32, "float64": np.float64,
}  # fmt: skip
PLAIN = """\
__device__ T load(S x) { return x; }
__device__ S stored(T x) { return x; }
"""
HALF = """\
__device__ T load(S x) { T y; asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x)); return y; }
__device__ S stored(T x) { S y; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x)); return y; }
"""
FOLD = """\
__device__ T fold_{how}(T s) {{
    for (int d = 16; d > 0; d /= 2) {{
        const T o = __shfl_xor_sync(0xffffffff, s, d);
        s = {join};
    }}
#if WIDTH > 32
    __shared__ T part[WIDTH / 32];
    __syncthreads();  // all have read what the last fold left here
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = s;
    __syncthreads();
    s = part[0];
    for (int k = 1; k < WIDTH / 32; k++) {{
        const T o = part[k];
        s = {join};
    }}
#endif
    return s;
}}
"""
JOINS = {"sum": "s + o", "max": "(s >= o || s != s) ? s : o"}  # a nan wins
STARTS = {"sum": "T(0)", "mean": "T(0)", "max": "-e_limit"}
ROW = """\
extern "C" __global__ void {name}(
    long long rows, long long n, long long inner, long long outer, long long turns,
    {parameters}) {{
    const long long r = (long long)blockIdx.x * blockDim.y + threadIdx.y;
    if (r >= rows) return;
    const long long turn = r % turns * n;
    const T e_n = T(n), e_limit = T({limit});
{lines}
}}
"""
COLUMNS = """\
extern "C" __global__ void {name}(
    long long rows, long long n, long long parts,
    {parameters}) {{
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
{starts}
    for (long long r = blockIdx.y; r < rows; r += parts) {{
{lines}
    }}
{stores}
}}
"""
# Where the elements of a row lie: side by side; in parts that are `outer` elements apart; the
# same for rows of more elements than half a word counts, which is slow to divide.
PLACES = {
    "plain": "r * n + (i)",
    "parts": "(long long)((unsigned)(i) / (unsigned)inner) * outer + r * inner"
    " + (unsigned)(i) % (unsigned)inner",
    "vast parts": "(i) / inner * outer + r * inner + (i) % inner",
}
LOOP = "for (long long i = threadIdx.x; i < n; i += WIDTH) {"


# ---- text -----------------------------------------------------------------------------------
class Statements(NamedTuple):
    """A formula as C: the names it reads, its lines, and the name or number it comes to."""

    reads: tuple[str, ...]
    lines: list[str]
    value: str


def _statements(formula: Formula) -> Statements:
    program = trace(formula)
    lines, (value,) = body(program, template, lambda number: f"T({number!r})")
    kinds = {"n": "T", "t": "bool"}
    text = [f"const {kinds[node.gives]} {name} = {words};" for node, name, words in lines]
    return Statements(program.inputs, text, value)


def _loads(rule: RowRule, reads: tuple[str, ...], at: str = "AT(i)") -> list[str]:
    """Of what is read, that which differs from element to element."""
    sources = {
        EACH: f"load(a_{{}}[{at}])",
        TURNS: "load(a_{}[turn + i])",
        PLACE: "T(i == place)",
    }
    kinds = {name: rule.arrays.get(name) for name in reads}
    return [
        f"const T {element(name)} = {sources[kind].format(name)};"
        for name, kind in kinds.items()
        if kind in sources
    ]


def _fold(rule: RowRule, name: str, fold: Fold) -> list[str]:
    """A fold as a block that leaves its number in a variable."""
    one, how = _statements(fold.element), "sum" if fold.how == "mean" else fold.how
    lines = [*_loads(rule, one.reads), *one.lines]
    if how == "first":
        found = ["const long long i = 0;", *lines, f"T s = {one.value};"]
    else:
        found = [f"T s = {STARTS[how]};", LOOP, *lines, f"const T o = {one.value};"]
        found += [f"s = {JOINS[how]};", "}", f"s = fold_{how}(s);"]
    if fold.how == "mean":
        found.append("s = s / e_n;")
    if fold.after is not None:
        then = _statements(fold.after)
        held = f"const T {element(then.reads[0])} = s;"
        found += ["T last;", "{", held, *then.lines, f"last = {then.value};", "}", "s = last;"]
    return [f"T {element(name)};", "{", *found, f"{element(name)} = s;", "}"]


def _outputs(rule: RowRule) -> list[str]:
    """What is written for each element, then what is written once a row."""
    each: list[str] = []
    one: list[str] = []
    for name, (kind, formula) in rule.outputs.items():
        found = _statements(formula)
        at, part = ("AT(i)", each) if kind == EACH else ("r", one)
        part += ["{", *_loads(rule, found.reads), *found.lines]
        part += [f"o_{name}[{at}] = stored({found.value});", "}"]
    names = kept_by(rule)
    one += [f"kept[r * {len(names)} + {k}] = {element(x)};" for k, x in enumerate(names)]
    loop = [LOOP, *each, "}"] if each else []
    return [*loop, "if (threadIdx.x == 0) {", *one, "}"] if one else loop


def kept_by(rule: RowRule) -> list[str]:
    """The folds that sums over rows read again."""
    read = {name for formula in rule.columns.values() for name in trace(formula).inputs}
    return [name for name in rule.folds if name in read]


def row_source(name: str, dtype: str, width: int, layout: str) -> str:
    """The whole text of a kernel over rows, each read by so many threads and laid out in one
    of the ways of `PLACES`."""
    rule = RULES[name]
    lines = [f"const T {element(x)} = T({x}_);" for x in rule.scalars]
    for x, kind in rule.arrays.items():
        if kind == ONE:
            lines.append(f"const T {element(x)} = load(a_{x}[r]);")
        if kind == PLACE:
            lines.append(f"const long long place = a_{x}[r];")
    for x, fold in rule.folds.items():
        lines += _fold(rule, x, fold)
    text = ROW.format(
        name=entry(name),
        parameters=", ".join(_parameters(rule)),
        limit=repr(float(np.finfo(COMPUTED_AS[dtype]).max)),
        lines=_indented([*lines, *_outputs(rule)]),
    )
    defines = [f"#define WIDTH {width}", f"#define AT(i) ({PLACES[layout]})"]
    folds = [FOLD.format(how=how, join=join) for how, join in JOINS.items()]
    return "\n".join([*_head(dtype), *defines, *folds, text])


def _parameters(rule: RowRule) -> list[str]:
    kinds = {x: "long long" if kind == PLACE else "S" for x, kind in rule.arrays.items()}
    given = [f"const {kind}* a_{x}" for x, kind in kinds.items()]
    given += [f"const double {x}_" for x in rule.scalars]
    return given + [f"S* o_{x}" for x in rule.outputs] + ["T* kept"] * bool(rule.columns)


def columns_source(name: str, dtype: str) -> str:
    """The text of the sums over rows that a rule has beside: each of some parts of the rows
    adds up on its own."""
    rule = RULES[name]
    given = [f"const S* a_{x}" for x, kind in rule.arrays.items() if kind == EACH]
    given += ["const T* kept", *(f"T* o_{x}" for x in rule.columns)]
    text = COLUMNS.format(
        name=f"{entry(name)}_columns",
        parameters=", ".join(given),
        starts=_indented([f"T s_{x} = T(0);" for x in rule.columns]),
        lines=_indented([line for x in rule.columns for line in _term(rule, x)], 2),
        stores=_indented([f"o_{x}[blockIdx.y * n + i] = s_{x};" for x in rule.columns]),
    )
    return "\n".join([*_head(dtype), text])


def _term(rule: RowRule, name: str) -> list[str]:
    """What one row adds to a sum over rows."""
    found, kept = _statements(rule.columns[name]), kept_by(rule)
    held = [
        f"const T {element(x)} = kept[r * {len(kept)} + {kept.index(x)}];"
        for x in found.reads
        if x in kept
    ]
    loads = _loads(rule, found.reads, "r * n + i")
    return ["{", *loads, *held, *found.lines, f"s_{name} = s_{name} + {found.value};", "}"]


def _head(dtype: str) -> list[str]:
    types = [f"typedef {STORED[dtype]} S;", f"typedef {COMPUTED[dtype]} T;"]
    return [*types, HALF if dtype == "float16" else PLAIN]


def _indented(lines: list[str], by: int = 1) -> str:
    return "\n".join("    " * by + line for line in lines)


def entry(name: str) -> str:
    """The name of a rule's kernel."""
    return "row_" + name.replace(" ", "_")
