"""One step of Adam on 100 float32 tensors, 10 million elements: fusegrad beside PyTorch.

python -m benchmarks.adam_step [fusegrad | torch | torch-fused]

Without an argument every contender runs in processes of its own, in turn, and the ratio is
printed. Each checks its step against float64 NumPy before it is timed.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable

import numpy as np

from .timing import alternate, in_processes

SHAPE, COUNT = (250, 400), 100
TOLERANCE = 1e-6  # of a float32 parameter of size 1 after a step of 1e-3


def tensors() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Parameters and gradients, the same in every process."""
    rng = np.random.default_rng(0)
    made = [rng.standard_normal(SHAPE).astype(np.float32) for _ in range(2 * COUNT)]
    return made[:COUNT], made[COUNT:]


def ours() -> tuple[Callable[[], object], Callable[[], list[np.ndarray]]]:
    """fusegrad's step, and its parameters."""
    import fusegrad as fg

    values, gradients = tensors()
    parameters = [fg.Tensor(v, requires_grad=True) for v in values]
    for p, g in zip(parameters, gradients):
        p.grad = fg.Tensor(g)
    optimizer = fg.optim.Adam(parameters)
    optimizer.prepare()
    return optimizer.step, lambda: [p.numpy() for p in parameters]


def torch(fused: bool) -> tuple[Callable[[], object], Callable[[], list[np.ndarray]]]:
    """PyTorch's step, by its default or its fused kernel, and its parameters."""
    import torch

    values, gradients = tensors()
    parameters = [torch.from_numpy(v.copy()).requires_grad_() for v in values]
    for p, g in zip(parameters, gradients):
        p.grad = torch.from_numpy(g)
    optimizer = torch.optim.Adam(parameters, fused=fused or None)
    return optimizer.step, lambda: [p.detach().numpy() for p in parameters]


Step = Callable[[], object]
Read = Callable[[], list[np.ndarray]]
CONTENDERS: dict[str, Callable[[], tuple[Step, Read]]] = {
    "fusegrad": ours,
    "torch": lambda: torch(False),
    "torch-fused": lambda: torch(True),
}


def measure(name: str) -> None:
    """Check, then time, then print JSON."""
    step, parameters = CONTENDERS[name]()
    step()
    values, gradients = (np.array(part, np.float64) for part in tensors())
    exact = values - 1e-3 * gradients / (np.abs(gradients) + 1e-8)  # the first step of Adam
    error = float(np.abs(np.array(parameters()) - exact).max())
    if not error <= TOLERANCE:
        raise SystemExit(f"{name}: expected the first step within {TOLERANCE}, got {error}")
    print(json.dumps({"ms": 1e3 * alternate({name: step})[name], "error": error}))


def has_torch() -> bool:
    """Whether PyTorch is here to be measured."""
    return importlib.util.find_spec("torch") is not None


def chosen(arguments: list[str]) -> str:
    """The contender that was asked for; anything else ends with a line that lists them."""
    if len(arguments) != 1 or arguments[0] not in CONTENDERS:
        print(f"python -m benchmarks.adam_step [{' | '.join(CONTENDERS)}]", file=sys.stderr)
        raise SystemExit(2)
    if arguments[0] != "fusegrad" and not has_torch():
        raise SystemExit(f"{arguments[0]}: torch is not installed")
    return arguments[0]


def main() -> None:
    """One contender, or all of them beside each other."""
    if sys.argv[1:]:
        return measure(chosen(sys.argv[1:]))
    names = [name for name in CONTENDERS if name == "fusegrad" or has_torch()]
    found = in_processes(f"{__package__}.adam_step", names)
    for name, result in found.items():
        ratio = found["fusegrad"]["ms"] / result["ms"]
        print(
            f"{name:12s} {result['ms']:8.2f} ms  largest error {result['error']:.1e}  "
            f"fusegrad takes {ratio:.2f} of it"
        )
    if not has_torch():
        print("torch is not installed: its rows are left out")


if __name__ == "__main__":
    main()
