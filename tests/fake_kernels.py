"""CuPy's kernels without a GPU: the host's C++ compiler makes a loop of their text, so that the
text itself is what computes."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import row_text
from tests import fake_block
from tests.fake_array import host_of, ndarray, refuse

CPP = shutil.which("g++") or shutil.which("c++")
FLAGS = ("-O1", "-ffp-contract=off", "-shared", "-fPIC", "-x", "c++", "-")
C_TYPES = {
    "float64": "double",
    "float32": "float",
    "float16": "unsigned short",
    "bool": "bool",
    "int64": "long long",
    "uint32": "unsigned int",
}
OF_ELEMENTS = {**C_TYPES, "float16": "_Float16"}
ELEMENTWISE = """
#include <math.h>
{typedef}
extern "C" void run(long long n, void** p) {{
    for (long long i = 0; i < n; i++) {{
{references}
{operation};
    }}
}}
"""
RAW = """
{block}
{code}
static void** values;
static void call() {{ {name}({values}); }}
extern "C" void run(const int* blocks, const int* threads, void** p) {{
    values = p;
    gridDim = {{blocks[0], blocks[1], 1}}, blockDim = {{threads[0], threads[1], 1}};
    for (blockIdx.y = 0; blockIdx.y < blocks[1]; blockIdx.y++)
        for (blockIdx.x = 0; blockIdx.x < blocks[0]; blockIdx.x++)
            block::run(call);
}}
"""


@cache
def _compiled(source: str) -> Any:
    if CPP is None:
        pytest.skip("no C++ compiler on this machine")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.so"
        command = [CPP, *FLAGS, "-o", str(path)]
        done = subprocess.run(command, input=source, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        return ctypes.CDLL(str(path)).run


def _pointers(arrays: Iterable[np.ndarray]) -> Any:
    addresses = [a.ctypes.data for a in arrays]
    return (ctypes.c_void_p * len(addresses))(*addresses)


class ElementwiseKernel:
    """Parameters as CuPy reads them: a type of one letter is that of the arrays given."""

    def __init__(
        self,
        in_params: str,
        out_params: str,
        operation: str,
        name: str,
        *,
        options: Any = (),
        preamble: str = "",
    ) -> None:
        self.ins, self.outs = (
            [p.split() for p in t.split(", ")] for t in (in_params, out_params)
        )
        self.operation, self.name, self.options = operation, name, options
        self.preamble = preamble

    def __call__(self, *args: Any) -> Any:
        if len(args) != len(self.ins):
            raise TypeError(f"Wrong number of arguments for {self.name!r}")
        refuse(args)
        types = self._types(args)
        shape = np.broadcast_shapes(*(a.shape for a in args if isinstance(a, ndarray)))
        ins = [
            np.ascontiguousarray(np.broadcast_to(host_of(a), shape), types.get(kind, kind))
            for a, (kind, _) in zip(args, self.ins)
        ]
        outs = [np.empty(shape, types.get(kind, kind)) for kind, _ in self.outs]
        run, arrays = _compiled(self._source(types)), [*ins, *outs]
        run(ctypes.c_longlong(outs[0].size), _pointers(arrays))
        results = tuple(map(ndarray, outs))
        return results if len(results) > 1 else results[0]

    def _types(self, args: Any) -> dict[str, str]:
        types: dict[str, str] = {}
        for a, (kind, name) in zip(args, self.ins):
            if isinstance(a, ndarray):
                wanted = types.setdefault(kind, a.dtype.name) if len(kind) == 1 else kind
                if a.dtype.name != wanted:
                    raise TypeError(f"Type is mismatched. {name} {a.dtype} {wanted}")
        return types

    def _source(self, types: dict[str, str]) -> str:
        kinds = [(f"const {OF_ELEMENTS.get(kind, kind)}", name) for kind, name in self.ins]
        kinds += [(OF_ELEMENTS.get(kind, kind), name) for kind, name in self.outs]
        return ELEMENTWISE.format(
            typedef="\n".join(
                [self.preamble]
                + [f"typedef {OF_ELEMENTS[t]} {letter};" for letter, t in types.items()]
            ),
            references="\n".join(
                f"{kind}& {name} = (({kind}*)p[{k}])[i];"
                for k, (kind, name) in enumerate(kinds)
            ),
            operation=self.operation,
        )


class RawKernel:
    """A whole kernel, launched with the arguments that its text declares."""

    def __init__(self, code: str, name: str, options: tuple[str, ...] = ()) -> None:
        found = re.search(rf"void {name}\((.*?)\)", code, re.DOTALL)
        assert found is not None
        self.types = [p.rpartition(" ")[0].strip() for p in found[1].split(",")]
        self.names = {name: kind for kind, name in re.findall(r"typedef (.*?) (\w+);", code)}
        values = ", ".join(f"*({t}*)values[{k}]" for k, t in enumerate(self.types))
        code = code.replace(row_text.HALF, fake_block.HALF)
        self.source = RAW.format(block=fake_block.SOURCE, code=code, name=name, values=values)

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: Any) -> None:
        sizes = [np.array([*size, 1, 1][:2], np.intc) for size in (grid, block)]
        if min(map(np.min, sizes)) < 1 or np.prod(sizes[1]) > 1024:
            raise ValueError("CuPy launches one block even for none, and 1024 threads at most")
        refuse(args)
        values = [self._value(a, t) for a, t in zip(args, self.types, strict=True)]
        launch = [ctypes.c_void_p(size.ctypes.data) for size in sizes]
        _compiled(self.source)(*launch, _pointers(values))

    def _value(self, a: Any, kind: str) -> np.ndarray:
        """The bytes of an argument; CuPy trusts the caller that they are what is declared."""
        if isinstance(a, ndarray):
            pointed = kind.removeprefix("const ").removesuffix("*")
            assert self.names.get(pointed, pointed) == C_TYPES[a.dtype.name]
            assert a.flags.c_contiguous
            return np.array(a.data.ptr, np.uintp)
        value = np.asarray(a)
        assert kind.removeprefix("const ") == C_TYPES[value.dtype.name]
        return value
