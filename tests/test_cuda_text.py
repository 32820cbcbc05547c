"""The CUDA text without a GPU: the host's C++ compiler runs it."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import Update, lift, on_cuda, on_numpy
from fusegrad.kernels.update import table
from fusegrad.kernels.words import where
from tests.cuda_sources import TEXTS, Text, whole_source
from tests.readers_sample import DTYPES, RULES, UPDATES, assert_agree

every_dtype = pytest.mark.parametrize("dtype", DTYPES)
CPP = shutil.which("g++") or shutil.which("c++")
FLAGS = ("-O1", "-ffp-contract=off", "-shared", "-fPIC", "-x", "c++", "-")
ON_HOST = """
#include <math.h>
#define __global__
struct Index { int x; } blockIdx = {0}, threadIdx = {0}, blockDim = {1}, gridDim = {1};
"""
LAUNCH = """
extern "C" void launch_{name}(long long rows, const long long* table{scalars}) {{
    blockDim.x = 3;  // few threads, so that each takes several elements
    for (blockIdx.x = 0; blockIdx.x < rows; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++)
            {name}(table{values});
    blockIdx.x = 0, threadIdx.x = 0, blockDim.x = 1;
}}
"""


# ---- the host's compiler ------------------------------------------------------------------
@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ctypes.CDLL]:
    """All kernels for the host, one library a dtype."""
    if CPP is None:
        pytest.skip("no C++ compiler on this machine")
    folder = tmp_path_factory.mktemp("host")
    return {dtype: build(folder / f"{dtype}.so", dtype) for dtype in DTYPES}


def build(path: Path, dtype: str) -> ctypes.CDLL:
    parts = [ON_HOST, whole_source(dtype)]
    for name in UPDATES:
        h = [on_cuda.hoist(k) for k in range(len(RULES[name].program.hoisted))]
        scalars, values = ("".join(f", {kind}{x}" for x in h) for kind in ("double ", ""))
        parts.append(LAUNCH.format(name=name, scalars=scalars, values=values))
    command, text = [str(CPP), *FLAGS, "-o", str(path)], "\n".join(parts)
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(path))


def address(a: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(a.ctypes.data)


def run_on_host(library: ctypes.CDLL, text: Text, points: list[np.ndarray]) -> Any:
    """What the C text makes of the points; gives arrays as a reader does."""
    program, dtype = text.rule.program, np.result_type(*points)
    n = len(points[0])
    outs = [np.empty(n, dtype if o.gives == "n" else bool) for o in program.outputs]
    hoisted = map(ctypes.c_double, program.host_values(text.rule.scalars))
    name = on_cuda.function(program.name) + ("_truth" if any(text.truths) else "")
    library[name](ctypes.c_longlong(n), *map(address, points), *hoisted, *map(address, outs))
    return outs[0] if len(outs) == 1 else tuple(outs)


@every_dtype
@pytest.mark.parametrize("name", TEXTS)
def test_the_c_text_agrees_with_numpy(
    name: str, dtype: str, libraries: dict[str, ctypes.CDLL]
) -> None:
    text, rng = TEXTS[name], np.random.default_rng(1)
    choices = text.rule.points(dtype, rng, 500), text.rule.magnitudes(dtype, rng, 500)
    for points in (*choices, text.rule.specials(dtype, rng)):
        typed = [p != 0 if t else p for p, t in zip(points, text.truths, strict=True)]
        expected = text.rule.read(on_numpy.read, typed)
        assert_agree(text.rule, typed, expected, run_on_host(libraries[dtype], text, typed))


@every_dtype
@pytest.mark.parametrize("name", UPDATES)
def test_the_text_of_an_update_equals_numpy_to_the_last_bit(
    name: str, dtype: str, libraries: dict[str, ctypes.CDLL]
) -> None:
    rule, rng = RULES[name], np.random.default_rng(2)
    tensors = [tuple(rule.points(dtype, rng, s)) for s in ((0,), (), (7,), (20, 20), (65_537,))]
    copies = [tuple(a.copy() for a in arrays) for arrays in tensors]
    Update(UPDATES[name], "numpy")(copies, **rule.scalars)
    rows = table(tensors)
    hoisted = map(ctypes.c_double, rule.program.host_values(rule.scalars))
    libraries[dtype][f"launch_{name}"](ctypes.c_longlong(len(rows)), address(rows), *hoisted)
    for arrays, expected in zip(tensors, copies, strict=True):
        assert [a.tobytes() for a in arrays] == [a.tobytes() for a in expected]


# ---- arrays of CuPy -----------------------------------------------------------------------
# Without a float among the inputs T is float64, as in NumPy, so that no fraction is cut.
CUPY_TYPES = [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("?", "f8")]


class HostArray(np.ndarray):
    """A host's array that says it is CuPy's."""

    __module__ = "cupy"


@pytest.mark.parametrize(
    ("dtype", "T"), [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("?", "f8")]
)
def test_the_gpu_gets_arrays_of_one_float_type(
    dtype: str, T: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    fake = ModuleType("cupy")
    fake.result_type, fake.asarray = np.result_type, np.asarray
    fake.ElementwiseKernel = lambda *made, **_: lambda *args: seen.extend([made, args])
    monkeypatch.setitem(sys.modules, "cupy", fake)
    x = np.ones(2, dtype).view(HostArray)
    lift(lambda x, *, a: where(x > 0, 0.5, a), "<half>")(x, a=3)
    (ins, outs, _, name), (array, a) = seen
    assert (ins, outs, name) == ("T e_x, float64 h0_", "T o0", "rule__half_")
    assert (array.dtype, a) == (T, 3.0)
