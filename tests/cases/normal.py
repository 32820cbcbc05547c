"""Layers that normalise, as one op."""

from __future__ import annotations

from typing import Any

from fusegrad.engine.ops.normalise import normalise
from tests import ops_sample as sample
from tests.cases.operation import Operation

SQRT = sample.each(sample.MP.sqrt)
EPS = 0.25


def exactly(x: Any, weight: Any, bias: Any, axis: Any, is_centred: bool) -> Any:
    """The formula, in 50 digits."""
    rest = x - sample.mean(x, axis, True) if is_centred else x
    size = SQRT(sample.mean(rest * rest, axis, True) + sample.MP.mpf(EPS))
    return rest / size * weight + bias


def in_torch(torch: Any, x: Any, weight: Any, bias: Any, axis: Any, is_centred: bool) -> Any:
    """PyTorch's parts."""
    rest = x - x.mean(axis, keepdim=True) if is_centred else x
    return rest * torch.rsqrt((rest * rest).mean(axis, keepdim=True) + EPS) * weight + bias


USES = [
    ((x, scale, scale), (axis, is_centred))
    for is_centred in (True, False)
    for x, scale, axis in [
        ((3, 4), (4,), -1),
        ((2, 3, 2), (3, 2), (1, 2)),
        ((2, 3, 2), (3, 1), (0, 2)),
        ((3, 2), (2,), (0,)),
        ((2, 3, 2), (), None),
        ((0, 3), (3,), -1),
        ((2, 1), (1,), -1),
    ]
]
OPERATIONS: dict[str, Operation] = {
    "normalise": Operation(
        lambda x, w, b, axis, c: normalise(x, w, b, axis, EPS, is_centred=c),
        exactly, USES,
        lambda torch, x, w, b, axis, c: in_torch(
            torch, x, w, b, tuple(range(x.ndim)) if axis is None else axis, c)),
}  # fmt: skip
