"""Whole CUDA texts of all rules, as a compiler is given them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from fusegrad.kernels import on_cuda
from tests.readers_sample import RULES, UPDATES, Rule

ARCHITECTURES = ("compute_75", "compute_80", "compute_90")
# What cupy.ElementwiseKernel writes around an operation, but for its indices.
ELEMENTWISE = """
extern "C" __global__ void {name}(long long n, {parameters}) {{
    for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < n;
         i += blockDim.x * gridDim.x) {{
{references}
#line 1 "{name}"
{operation};
    }}
}}
"""


class Text(NamedTuple):
    """A rule, and which of its arguments are truth values."""

    rule: Rule
    truths: tuple[bool, ...]


def texts() -> dict[str, Text]:
    """Every rule on numbers; and with a truth value for a condition."""
    found = {name: Text(r, (False,) * len(r.program.inputs)) for name, r in RULES.items()}
    for name, rule in RULES.items():
        if "condition" in rule.program.inputs:
            truths = tuple(n == "condition" for n in rule.program.inputs)
            found[f"{name} by truth"] = Text(rule, truths)
    return found


TEXTS = texts()


class Recorder:
    """Stands for the module cupy: keeps what a kernel is made of."""

    @staticmethod
    def ElementwiseKernel(ins: str, outs: str, operation: str, name: str, **_: Any) -> Any:
        return SimpleNamespace(ins=ins, outs=outs, operation=operation, name=name)


def elementwise_source(text: Text, suffix: str = "", is_half: bool = False) -> str:
    """One whole kernel, as CuPy compiles it."""
    kernel = on_cuda._elementwise(text.rule.program, text.truths, Recorder, is_half)
    parameters, references = [], []
    for const, part in (("const ", kernel.ins), ("", kernel.outs)):
        for kind, name in map(str.split, part.split(", ")):
            if kind == "float64":
                parameters.append(f"const double {name}")
            else:
                parameters.append(f"{const}{kind}* raw_{name}")
                references.append(f"{const}{kind}& {name} = raw_{name}[i];")
    return ELEMENTWISE.format(
        name=kernel.name + suffix,
        parameters=", ".join(parameters),
        references="\n".join(references),
        operation=kernel.operation,
    )


def update_source(name: str, dtype: str) -> str:
    source = on_cuda.update_source(RULES[name].program, dtype)
    assert source.count("void update(") == 1
    return source.replace("void update(", f"void {name}(")


def whole_source(dtype: str) -> str:
    """All kernels there are in one text, T one type in all of it."""
    updates = [update_source(name, dtype) for name in UPDATES]
    return "\n".join([f"typedef {on_cuda.C_TYPES[dtype]} T;", *elementwise_parts(), *updates])


def elementwise_parts(is_half: bool = False) -> list[str]:
    truth = {name: "_truth" if any(text.truths) else "" for name, text in TEXTS.items()}
    return [elementwise_source(t, truth[name], is_half) for name, t in TEXTS.items()]


def ptx(source: str, architecture: str = "compute_80", includes: Sequence[str] = ()) -> str:
    """What CuPy's NVRTC, which needs no GPU, makes of a text."""
    nvrtc = pytest.importorskip("cupy", reason="CuPy is not installed").cuda.nvrtc
    try:
        program = nvrtc.createProgram(source, "rules.cu", [], [])
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"NVRTC does not load: {error}")
    try:
        target = f"--gpu-architecture={architecture}"
        nvrtc.compileProgram(program, [target, *on_cuda.OPTIONS, *includes])
    except nvrtc.NVRTCError:
        pytest.fail(nvrtc.getProgramLog(program))
    return str(nvrtc.getPTX(program))
