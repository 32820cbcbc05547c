"""The CUDA text without a GPU: NVRTC compiles it for three generations."""

import re
from pathlib import Path

import numba
import pytest

from fusegrad.kernels import on_cuda
from tests.cuda_sources import (
    ARCHITECTURES,
    TEXTS,
    elementwise_parts,
    ptx,
    update_source,
    whole_source,
)
from tests.readers_sample import DTYPES, UPDATES

every_dtype = pytest.mark.parametrize("dtype", DTYPES)


@every_dtype
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_nvrtc_compiles_every_kernel(architecture: str, dtype: str) -> None:
    entries = re.findall(r"\.entry (\w+)\(", ptx(whole_source(dtype), architecture))
    assert len(set(entries)) == len(TEXTS) + len(UPDATES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_nvrtc_compiles_every_elementwise_kernel_of_halves(architecture: str) -> None:
    """With CuPy's own float16, whose header asks for CUDA's, which Numba carries."""
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    folders = Path(cupy.__file__).parent / "_core/include", Path(numba.__file__).parent / "cuda"
    head = "#include <cupy/carray.cuh>\n#include <cupy/float16.cuh>\ntypedef float T;"
    source = "\n".join([head, *elementwise_parts(is_half=True)])
    text = ptx(source, architecture, ["--std=c++17", *(f"-I{folder}" for folder in folders)])
    assert len(set(re.findall(r"\.entry (\w+)\(", text))) == len(TEXTS)


@every_dtype
def test_products_and_sums_are_not_contracted(dtype: str) -> None:
    text = ptx(update_source("sgd", dtype))
    rounding = re.findall(r"(?:mul|add|sub|fma)(\.rn)?\.f(?:32|64)", text)
    assert rounding == [".rn"] * 2  # without .rn a later stage may contract them


@pytest.mark.parametrize("name", TEXTS)
def test_cupy_takes_the_parameters_of_every_kernel(name: str) -> None:
    module = pytest.importorskip("cupy", reason="CuPy is not installed")
    text = TEXTS[name]
    kernel = on_cuda._elementwise(text.rule.program, text.truths, module)
    assert kernel.nin == len(text.truths) + len(text.rule.program.hoisted)
    assert kernel.nout == len(text.rule.program.outputs)
