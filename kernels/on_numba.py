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

from . import pool, threads
from .compiled import compile_source, hash_of_library
from .layout import BOOL, NUMBERS, are_alike, flat, float_of, is_one, like, model, order
from .node import Node
from .program import Program
from .text import body, element, hoist

CHUNK = 65_536  # elements a thread takes at a time; also where a second thread begins to pay

VECTORS = "from fusegrad.kernels import vector_math as vm"
HEAD = """\
import math
import numpy as np
from numba import carray, njit, prange
{vectors}
from fusegrad.kernels.low_level import FLUSH, control_word, set_control_word
from fusegrad.kernels.low_level import pointer_{dtype} as pointer

T = np.{dtype}
# library {library}


@njit(error_model="numpy", nogil=True)
def serial({arguments}):
{hoists}
    for i in range({size}):
{lines}
"""
ELEMENTWISE = """

@njit(error_model="numpy", parallel=True)
def parallel({arguments}):
    n = {size}
    for k in prange((n + {chunk} - 1) // {chunk}):
        lo = k * {chunk}
        hi = min(n, lo + {chunk})
        serial({slices})
"""
UPDATE = """

@njit(error_model="numpy", nogil=True)
def rows(table, {scalars}):
    before = control_word()
    set_control_word(before | FLUSH)
    for k in range(table.shape[0]):
        n = table[k, {count}]
        serial({views})
    set_control_word(before)


@njit(error_model="numpy", parallel=True)
def rows_parallel(table, {scalars}):
    for k in prange(table.shape[0]):
        rows(table[k : k + 1], {scalars})
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
        vectors=VECTORS if any("vm." in word for word in words) else "",
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
    """Source of `rows(table, hoisted floats)`: outputs are written over the inputs of their
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
    """The compiled update of a program in one dtype; an empty table compiles it."""
    module = compile_source(f"{program.name}_update", update_source(program, dtype))

    def run(table: np.ndarray, *hoisted: float) -> None:
        has_threads = threads.numba().get_num_threads() > 1
        if has_threads and (not len(table) or table[:, -1].sum() > CHUNK):
            module.rows_parallel(table, *hoisted)
        else:
            module.rows(table, *hoisted)

    return run


def read(program: Program) -> Callable[..., Any]:
    """A function of the input arrays and of the hoisted floats; gives one array an output.

    Shapes: all inputs of one shape, or single numbers. Arrays that lie alike, in whatever
    order of their axes, are read where they stand; the outputs lie as they do.
    """
    inputs = len(program.inputs)

    def fused(*args: Any) -> Any:
        given = args[:inputs]
        if are_alike(given) and given[0].size > 1:
            return _of_alike(program, given, args[inputs:])
        if (dtype := float_of(given)) is None:
            dtype = np.result_type(*(a for a in given if getattr(a, "dtype", None) != BOOL))
        arrays = [np.asarray(a, dtype if a.__class__ in NUMBERS else None) for a in given]
        outs, flats = _outputs(program, arrays, dtype)
        single = tuple([a.size > 0 and is_one(a) for a in arrays])
        name = "float32" if dtype == np.float32 else dtype.name
        launch(_elementwise(program, name, single), outs[0].size)(*flats, *args[inputs:])
        return outs[0] if len(outs) == 1 else tuple(outs)

    return fused


def _of_alike(program: Program, arrays: Sequence[np.ndarray], hoisted: Sequence[float]) -> Any:
    """The same, written out for the common case."""
    first = arrays[0]
    shape, dtype, size = first.shape, first.dtype, first.size
    outs = [pool.empty(shape, dtype if n.gives == "n" else BOOL) for n in program.outputs]
    name = "float32" if dtype == np.float32 else dtype.name
    module = _elementwise(program, name, (False,) * len(arrays))
    flats = [*(o.reshape(-1) for o in outs), *(_locked(a.reshape(-1)) for a in arrays)]
    launch(module, size)(*flats, *hoisted)
    return outs[0] if len(outs) == 1 else tuple(outs)


def _outputs(
    program: Program, arrays: Sequence[np.ndarray], dtype: Any
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Arrays for the outputs; and these and the inputs, flat."""
    kinds = [dtype if n.gives == "n" else BOOL for n in program.outputs]
    first = model(arrays)
    if first is None:
        shape, axes = np.broadcast_shapes(*(a.shape for a in arrays)), None
        outs = [pool.empty(shape, kind) for kind in kinds]
    else:
        axes = None if first.flags.c_contiguous else order(first)
        outs = [like(first, kind) for kind in kinds]
    return outs, [*(flat(o, axes) for o in outs), *(_locked(flat(a, axes)) for a in arrays)]


def _locked(view: np.ndarray) -> np.ndarray:
    """A view that nobody may write to: locked or not, all inputs are then of one type, and a
    loop is compiled once."""
    view.setflags(write=False)
    return view


def launch(module: Any, size: int) -> Callable[..., None]:
    """The serial loop, or the parallel one where there is enough for two threads."""
    is_serial = size <= CHUNK or threads.numba().get_num_threads() == 1
    return module.serial if is_serial else module.parallel
