"""Whether samples of a batch act on each other where they should not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..network import Inputs, Multimodal
from ..presence import Tokens
from .held_out import looking, on_host
from .rows import take, taken

SLACK = {"float64": 1e-9, "float32": 1e-4}  # of the largest value: the rounding of products
Run = Callable[[Inputs], dict[str, np.ndarray]]


def mixes(network: Multimodal, inputs: Inputs, rows: int) -> Iterator[str]:
    """A sentence for each part of the network that mixes samples, in evaluation mode: a branch,
    or what follows the branches.

    Two tests. The rows of the batch change places: so must those of the output. Row 0 becomes
    a copy of another row: no other row of the output may move.
    """
    with looking(network):
        parts = {
            f"branch {name!r}": _branch(network, name)
            for name in network.branches
            if name in inputs
        }
        guilty = [
            text for what, run in parts.items() for text in _faults(what, run, inputs, rows)
        ]
        whole = _faults("what follows the branches", _logits(network), inputs, rows)
        yield from guilty or whole


def _branch(network: Multimodal, name: str) -> Run:
    def run(inputs: Inputs) -> dict[str, np.ndarray]:
        feature = network.features_of({name: inputs[name]})[name]
        values = feature.values if isinstance(feature, Tokens) else feature
        return {name: on_host(values)}

    return run


def _logits(network: Multimodal) -> Run:
    def run(inputs: Inputs) -> dict[str, np.ndarray]:
        out = network.outputs(inputs)
        return {
            "logits": on_host(out.logits),
            **{n: on_host(z) for n, z in out.unimodal.items()},
        }

    return run


def _faults(what: str, run: Run, inputs: Inputs, rows: int) -> Iterator[str]:
    order = np.roll(np.arange(rows), 1)
    changed = np.arange(rows)
    changed[0] = rows - 1
    straight, moved, other = (
        run(x) for x in (inputs, taken(inputs, order), taken(inputs, changed))
    )
    for name, y in straight.items():
        if y.shape[:1] != (rows,):
            yield f"{what}: {rows} samples give an output of shape {y.shape}"
        elif _differ(moved[name], take(y, order), y):
            yield f"{what}: outputs do not change places with the samples of the batch"
        elif _differ(other[name][1:], y[1:], y):
            yield f"{what}: a sample changes when another sample of its batch does"
        else:
            continue
        return


def _differ(x: np.ndarray, y: np.ndarray, scale: np.ndarray) -> bool:
    if x.shape != y.shape:
        return True
    slack = SLACK.get(str(scale.dtype), SLACK["float32"]) * (1 + float(np.abs(scale).max()))
    return not np.allclose(x, y, rtol=0, atol=slack, equal_nan=True)
