"""The CUDA reader: a rule as straight-line C, for one `cupy.ElementwiseKernel` or, for updates
of many tensors, one `cupy.RawKernel`.

The text is the same on every machine, so it is compiled (by NVRTC) and its scalar body run (by
the host's C++ compiler) where there is no GPU. Products and sums are not contracted
(`--fmad=false`): the result then equals the other readers'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from .device import module_of
from .node import Node
from .program import Program
from .text import body, element, function, hoist

OPTIONS = ("--fmad=false",)
THREADS = 256
UPDATE = """\
typedef {type} T;
extern "C" __global__ void update(const long long* table{scalars}) {{
    const long long* row = table + (long long)blockIdx.x * {width};
{pointers}
    for (long long i = threadIdx.x; i < row[{count}]; i += blockDim.x) {{
{lines}
    }}
}}
"""
C_TYPES = {"float32": "float", "float64": "double"}


def template(node: Node, args: list[str]) -> str:
    return node.function.c.format(*args)


def _kind(node: Node) -> str:
    return "T" if node.gives == "n" else "bool"


def c_body(program: Program) -> tuple[list[str], list[str]]:
    """Statements over `e_<input>` and `h<k>`, in terms of a type T; and the outputs' names."""
    lines, outputs = body(program, template, lambda value: f"T({value!r})")
    casts = [f"const T {hoist(k)} = T({hoist(k)}_);" for k in range(len(program.hoisted))]
    words = [f"const {_kind(node)} {name} = {text};" for node, name, text in lines]
    return casts + words, outputs


def update_source(program: Program, dtype: str) -> str:
    """The whole text of the multi-tensor update: a block for each row of the table."""
    lines, outputs = c_body(program)
    loads = [f"const T {element(n)} = a_{n}[i];" for n in program.inputs]
    stores = [f"a_{n}[i] = {v};" for n, v in zip(program.stored, outputs, strict=True) if n]
    pointers = [f"    T* a_{n} = (T*)row[{k}];" for k, n in enumerate(program.inputs)]
    return UPDATE.format(
        type=C_TYPES[dtype],
        count=len(pointers),
        width=len(pointers) + 1,
        scalars="".join(f", double {hoist(k)}_" for k in range(len(program.hoisted))),
        pointers="\n".join(pointers),
        lines="\n".join(f"        {line}" for line in loads + lines + stores),
    )


def elementwise_operation(program: Program, halves: Sequence[str] = ()) -> str:
    """The body of an ElementwiseKernel with inputs `e_*`, floats `h*_` and outputs `o*`. What
    is stored as `s_*`, in half precision, is computed in T."""
    lines, outputs = c_body(program)
    loads = [f"const T {element(n)} = T(s_{n});" for n in halves]
    return "\n".join([*loads, *lines, *(f"o{k} = {v};" for k, v in enumerate(outputs))])


@cache
def _elementwise(
    program: Program, truths: tuple[bool, ...], cupy: Any, is_half: bool = False
) -> Any:
    """A kernel of numbers of one type T, and truths; or of halves, where T is float."""
    halves = [n for n, truth in zip(program.inputs, truths) if is_half and not truth]
    stored = "float16" if is_half else "T"
    ins = [
        f"{stored} s_{n}" if n in halves else f"{'bool' if truth else 'T'} {element(n)}"
        for n, truth in zip(program.inputs, truths, strict=True)
    ]
    ins += [f"float64 {hoist(k)}_" for k in range(len(program.hoisted))]
    kinds = [stored if n.gives == "n" else "bool" for n in program.outputs]
    return cupy.ElementwiseKernel(
        ", ".join(ins),
        ", ".join(f"{kind} o{k}" for k, kind in enumerate(kinds)),
        elementwise_operation(program, halves),
        function(program.name),
        options=OPTIONS,
        preamble="typedef float T;" if is_half else "",
    )


@cache
def update(program: Program, dtype: str, cupy: Any) -> Any:
    """The compiled multi-tensor update of a program in one dtype."""
    return cupy.RawKernel(update_source(program, dtype), "update", options=OPTIONS)


def is_truth(x: Any) -> bool:
    """Whether an argument holds truth values rather than numbers."""
    return bool(getattr(x, "dtype", None) == np.bool_)


def read(program: Program) -> Callable[..., Any]:
    """A function of CuPy arrays and of the hoisted floats; gives one array an output."""

    def launch(*args: Any) -> Any:
        cupy = module_of(*args)
        arrays, hoisted = args[: len(program.inputs)], args[len(program.inputs) :]
        dtype = cupy.result_type(*arrays, 0.0)  # integers count as float64
        truths = tuple(is_truth(a) for a in arrays)
        if all(truths):  # then nothing would say what T is
            truths = (False,) * len(truths)
        same = [
            cupy.asarray(a) if truth else cupy.asarray(a, dtype)
            for a, truth in zip(arrays, truths, strict=True)
        ]
        return _elementwise(program, truths, cupy, dtype == np.float16)(*same, *hoisted)

    return launch
