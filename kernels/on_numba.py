"""The Numba reader: one fused loop, vectorised by LLVM and threaded; the reader of large
arrays.

Source is written for a program, a dtype and the inputs that are single numbers, and compiled
once a machine (`cache.py`). Inner loops run over `range(n)` of a slice: with any other start
LLVM keeps code for negative indices and does not vectorise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from .compiled import compile_source, hash_of_library
from .program import Node, Program
from .text import body, element, hoist

CHUNK = 65_536  # elements a thread takes at a time; also where a second thread begins to pay

HEAD = """\
import math
import numpy as np
from numba import carray, njit, prange
from fusegrad.kernels.low_level import FLUSH, control_word, set_control_word
from fusegrad.kernels.low_level import pointer_{dtype} as pointer

T = np.{dtype}
# library {library}


@njit(error_model="numpy", cache=True, nogil=True)
def serial({arguments}):
{hoists}
    for i in range({size}):
{lines}
"""
ELEMENTWISE = """

@njit(error_model="numpy", cache=True, parallel=True)
def parallel({arguments}):
    n = {size}
    for k in prange((n + {chunk} - 1) // {chunk}):
        lo = k * {chunk}
        hi = min(n, lo + {chunk})
        serial({slices})
"""
UPDATE = """

@njit(error_model="numpy", cache=True, parallel=True)
def update(table, {scalars}):
    for k in prange(table.shape[0]):
        before = control_word()
        set_control_word(before | FLUSH)
        n = table[k, {count}]
        serial({views})
        set_control_word(before)
"""


def _template(node: Node, args: list[str]) -> str:
    return node.function.numba.format(*args)


def _head(
    program: Program,
    dtype: str,
    arrays: Sequence[str],
    loads: Sequence[str],
    targets: Sequence[str],
) -> str:
    """Source of `serial`: over the first array, load, compute, and store last, since an output
    may be an input."""
    lines, outputs = body(program, _template, lambda value: f"T({value!r})")
    words = [f"{name} = {text}" for _, name, text in lines]
    stores = [f"{place} = {v}" for place, v in zip(targets, outputs, strict=True) if place]
    names = [hoist(k) for k in range(len(program.hoisted))]
    return HEAD.format(
        dtype=dtype,
        library=hash_of_library(),
        arguments=", ".join([*arrays, *_hoists(program)]),
        hoists="\n".join(f"    {h} = T({h}_)" for h in names),
        size=f"{arrays[0]}.size",
        lines="\n".join(f"        {line}" for line in [*loads, *words, *stores]),
    )


def _hoists(program: Program) -> list[str]:
    return [f"{hoist(k)}_" for k in range(len(program.hoisted))]


def elementwise_source(program: Program, dtype: str, single: tuple[bool, ...]) -> str:
    """Source of `serial` and `parallel`, functions (outputs, inputs, hoisted) -> None."""
    outs = [f"o{k}" for k in range(len(program.outputs))]
    ins = [f"a_{n}" for n in program.inputs]
    places = ["0" if one else "i" for one in single]
    loads = [f"{element(n)} = a_{n}[{i}]" for n, i in zip(program.inputs, places, strict=True)]
    cut = [a if i == "0" else f"{a}[lo:hi]" for a, i in zip(ins, places, strict=True)]
    text = _head(program, dtype, outs + ins, loads, [f"{o}[i]" for o in outs])
    return text + ELEMENTWISE.format(
        arguments=", ".join(outs + ins + _hoists(program)),
        size="o0.size",
        chunk=CHUNK,
        slices=", ".join([f"{o}[lo:hi]" for o in outs] + cut + _hoists(program)),
    )


def update_source(program: Program, dtype: str) -> str:
    """Source of `update(table, hoisted floats)`: outputs are written over the inputs of their
    names; a row of the table holds an address for each input, and a count."""
    ins = [f"a_{n}" for n in program.inputs]
    loads = [f"{element(n)} = a_{n}[i]" for n in program.inputs]
    views = [f"carray(pointer(table[k, {j}]), (n,))" for j in range(len(ins))]
    targets = [n and f"a_{n}[i]" for n in program.stored]
    text = _head(program, dtype, ins, loads, targets)
    return text + UPDATE.format(
        scalars=", ".join(_hoists(program)),
        count=len(ins),
        views=", ".join(views + _hoists(program)),
    )


@cache
def _elementwise(program: Program, dtype: str, single: tuple[bool, ...]) -> Any:
    return compile_source(program.name, elementwise_source(program, dtype, single))


@cache
def update(program: Program, dtype: str) -> Callable[..., None]:
    """The compiled multi-tensor update of a program in one dtype."""
    module = compile_source(f"{program.name}_update", update_source(program, dtype))
    return module.update


def read(program: Program) -> Callable[..., Any]:
    """A function of the input arrays and of the hoisted floats; gives one array an output.

    Shapes: all inputs of one shape, C-contiguous, or single numbers.
    """

    def fused(*args: Any) -> Any:
        arrays, hoisted = args[: len(program.inputs)], args[len(program.inputs) :]
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        dtype = np.result_type(*(a for a in arrays if a.dtype != bool))
        outs = [np.empty(shape, dtype if n.gives == "n" else bool) for n in program.outputs]
        single = tuple(a.size == 1 for a in arrays)
        module = _elementwise(program, dtype.name, single)
        call = module.serial if outs[0].size <= CHUNK else module.parallel
        call(*(o.ravel() for o in outs), *(a.ravel() for a in arrays), *hoisted)
        return outs[0] if len(outs) == 1 else tuple(outs)

    return fused
