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

from tests.fake_array import host_of, ndarray, refuse

CPP = shutil.which("g++") or shutil.which("c++")
FLAGS = ("-O1", "-ffp-contract=off", "-shared", "-fPIC", "-x", "c++", "-")
C_TYPES = {"float64": "double", "float32": "float", "bool": "bool", "int64": "long long"}
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
#include <math.h>
#define __global__
static struct Index {{ int x; }} blockIdx, threadIdx, blockDim;
{code}
extern "C" void run(int blocks, int threads, void** p) {{
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++)
            {name}({values});
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
        self, in_params: str, out_params: str, operation: str, name: str, *, options: Any = ()
    ) -> None:
        self.ins, self.outs = (
            [p.split() for p in t.split(", ")] for t in (in_params, out_params)
        )
        self.operation, self.name, self.options = operation, name, options

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
        kinds = [(f"const {C_TYPES.get(kind, kind)}", name) for kind, name in self.ins]
        kinds += [(C_TYPES.get(kind, kind), name) for kind, name in self.outs]
        return ELEMENTWISE.format(
            typedef="\n".join(f"typedef {C_TYPES[t]} {letter};" for letter, t in types.items()),
            references="\n".join(
                f"{kind}& {name} = (({kind}*)p[{k}])[i];"
                for k, (kind, name) in enumerate(kinds)
            ),
            operation=self.operation,
        )


class RawKernel:
    """A whole kernel, launched with the arguments that its text declares."""

    def __init__(self, code: str, name: str, options: tuple[str, ...] = ()) -> None:
        found = re.search(rf"void {name}\((.*?)\)", code)
        assert found is not None
        self.types = [p.rpartition(" ")[0] for p in found[1].split(", ")]
        values = ", ".join(f"*({t}*)p[{k}]" for k, t in enumerate(self.types))
        self.source = RAW.format(code=code, name=name, values=values)

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: Any) -> None:
        if not (grid[0] >= 1 and block[0] >= 1):
            raise ValueError("CuPy launches one block even for none")
        refuse(args)
        values = [self._value(a, t) for a, t in zip(args, self.types, strict=True)]
        _compiled(self.source)(int(grid[0]), int(block[0]), _pointers(values))

    def _value(self, a: Any, kind: str) -> np.ndarray:
        """The bytes of an argument; CuPy trusts the caller that they are what is declared."""
        if isinstance(a, ndarray):
            assert kind == f"const {C_TYPES[a.dtype.name]}*" and a.flags.c_contiguous
            return np.array(a.data.ptr, np.uintp)
        value = np.asarray(a)
        assert kind == C_TYPES[value.dtype.name]
        return value
