"""A case run by this library and by PyTorch with the same weights: how far apart they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.layer_cases.case import Case, is_float, outputs
from tests.ops_sample import leaf


def differences(torch: Any, case: Case, mode: str, dtype: str) -> Iterator[tuple[str, float]]:
    """Every output, gradient and buffer by name, with the largest difference in it relative to
    its largest number, or to 1 if that is smaller."""
    layer = case.layer(mode, dtype)
    theirs = torch_layer(torch, case, layer, dtype).train(mode == "train")
    mine = [leaf(x, dtype) if is_float(x) else x for x in case.draw()]
    yours = [_as_torch(torch, x, dtype) for x in case.draw()]
    ys = outputs(case.call(layer, *mine))
    zs = outputs((case.torch_call or case.call)(theirs, *yours), torch.Tensor)
    assert len(ys) == len(zs)
    for i, (y, z) in enumerate(zip(ys, zs)):
        yield f"output {i}", apart(np.asarray(y), z)
    _pull(ys, lambda shape: _weights(shape).astype(dtype))
    _pull(zs, lambda shape: torch.tensor(_weights(shape), dtype=getattr(torch, dtype)))
    for i, (x, u) in enumerate(zip(mine, yours)):
        if hasattr(u, "requires_grad") and u.requires_grad:
            yield f"gradient of input {i}", of_gradients(x, u)
    if case.same_names:
        known = dict(theirs.named_parameters())
        for name, p in layer.named_parameters():
            yield f"gradient of {name}", of_gradients(p, known[name])
        for name, value in theirs.state_dict().items():  # buffers too, after the call
            yield name, apart(layer.state_dict()[name], value)


def torch_layer(torch: Any, case: Case, layer: Any, dtype: str) -> Any:
    """PyTorch's layer with the state of ours."""
    made = case.torch_build(torch) if case.torch_build else case.build(torch.nn)
    made = made.to(getattr(torch, dtype))
    if case.same_names:
        state = {name: torch.tensor(value) for name, value in layer.state_dict().items()}
        made.load_state_dict(state)
    return made


def of_gradients(mine: Any, theirs: Any) -> float:
    """How far apart two gradients are; one that did not arrive is 0."""
    got, wanted = np.zeros(mine.shape), np.zeros(mine.shape)
    if mine.grad is not None:
        got = np.asarray(mine.grad.dense() if hasattr(mine.grad, "dense") else mine.grad)
    if theirs.grad is not None:
        wanted = theirs.grad.to_dense() if theirs.grad.is_sparse else theirs.grad
    return apart(got, wanted)


def apart(got: Any, wanted: Any) -> float:
    """The largest difference; inf where one is not finite and the other is."""
    got = np.asarray(got, np.float64)
    wanted = np.asarray(wanted.detach() if hasattr(wanted, "detach") else wanted, np.float64)
    assert got.shape == wanted.shape, f"{got.shape} is not {wanted.shape}"
    finite = np.isfinite(wanted)
    if not np.array_equal(got[~finite], wanted[~finite], equal_nan=True):
        return float("inf")
    size = max(1.0, float(np.max(abs(wanted[finite]), initial=0.0)))
    error = float(np.max(abs(got[finite] - wanted[finite]), initial=0.0)) / size
    return float("inf") if np.isnan(error) else error


def _as_torch(torch: Any, x: Any, dtype: str) -> Any:
    if is_float(x):
        return torch.tensor(x, dtype=getattr(torch, dtype), requires_grad=True)
    return torch.tensor(x) if isinstance(x, np.ndarray) else x


def _pull(ys: list[Any], weight: Any) -> None:
    """Backward from every output at once, against weights that differ."""
    terms = [(y * weight(y.shape)).sum() for y in ys if getattr(y, "requires_grad", False)]
    if terms:
        sum(terms[1:], terms[0]).backward()


def _weights(shape: Any) -> np.ndarray:
    return np.cos(np.arange(int(np.prod(tuple(shape))))).reshape(tuple(shape))
