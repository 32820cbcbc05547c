"""Every row of the table of layers beside PyTorch: same weights, same outputs and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.layer_cases import CASES, Case, is_float, outputs
from tests.ops_sample import leaf

torch = pytest.importorskip("torch", reason="PyTorch is not installed; nothing to compare with")

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
MODES = [(case, mode) for case in CASES if case.peer for mode in case.modes]


def theirs_of(case: Case, layer: Any, dtype: str, mode: str) -> Any:
    made = case.torch_build(torch) if case.torch_build else case.build(torch.nn)
    made = made.to(getattr(torch, dtype))
    if case.same_names:
        state = {name: torch.tensor(value) for name, value in layer.state_dict().items()}
        made.load_state_dict(state)
    return made.train(mode == "train")


def as_torch(x: Any, dtype: str) -> Any:
    if is_float(x):
        return torch.tensor(x, dtype=getattr(torch, dtype), requires_grad=True)
    return torch.tensor(x) if isinstance(x, np.ndarray) else x


def pulled(ys: list[Any], weight: Any) -> None:
    """Backward from every output at once, against weights that differ."""
    terms = [(y * weight(y.shape)).sum() for y in ys if y.requires_grad]
    if terms:
        sum(terms[1:], terms[0]).backward()


def close(got: Any, wanted: Any, dtype: str, what: str) -> None:
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted.detach(), np.float64)
    assert got.shape == wanted.shape, what
    finite = np.abs(wanted[np.isfinite(wanted)])
    size = max(1.0, float(np.max(finite, initial=0.0)))  # float32 rounds sums at their size
    assert np.allclose(got, wanted, rtol=0, atol=TOLERANCE[dtype] * size, equal_nan=True), (
        f"{what}: {np.nanmax(abs(got - wanted))}"
    )


def weights(shape: Any) -> np.ndarray:
    size = int(np.prod(tuple(shape)))
    return np.cos(np.arange(size)).reshape(tuple(shape))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("case", "mode"), MODES, ids=str)
def test_outputs_and_gradients_agree(case: Case, mode: str, dtype: str) -> None:
    layer = case.layer(mode, dtype)
    theirs = theirs_of(case, layer, dtype, mode)
    mine = [leaf(x, dtype) if is_float(x) else x for x in case.draw()]
    yours = [as_torch(x, dtype) for x in case.draw()]
    ys = outputs(case.call(layer, *mine))
    zs = outputs((case.torch_call or case.call)(theirs, *yours), torch.Tensor)
    assert len(ys) == len(zs)
    for i, (y, z) in enumerate(zip(ys, zs)):
        close(y.numpy(), z, dtype, f"output {i}")
    pulled(ys, lambda shape: weights(shape).astype(dtype))
    pulled(zs, lambda shape: torch.tensor(weights(shape), dtype=getattr(torch, dtype)))
    for i, (x, u) in enumerate(zip(mine, yours)):
        if is_float(u.detach().numpy() if hasattr(u, "detach") else u):
            same_gradient(x, u, dtype, f"input {i}")
    if case.same_names:
        known = dict(theirs.named_parameters())
        for name, p in layer.named_parameters():
            same_gradient(p, known[name], dtype, name)
        for name, value in theirs.state_dict().items():  # buffers, too, after the call
            close(layer.state_dict()[name], value, dtype, name)


def same_gradient(mine: Any, theirs: Any, dtype: str, what: str) -> None:
    if theirs.grad is None:
        assert mine.grad is None or not np.any(mine.grad.numpy()), what
        return
    zero = np.zeros(mine.shape)
    got = zero if mine.grad is None else getattr(mine.grad, "dense", lambda: mine.grad)()
    wanted = theirs.grad.to_dense() if theirs.grad.is_sparse else theirs.grad
    close(np.asarray(got), wanted, dtype, f"gradient of {what}")


@pytest.mark.parametrize("case", [c for c in CASES if c.peer and c.same_names], ids=str)
def test_a_state_of_pytorch_loads_and_loads_back(case: Case) -> None:
    layer = case.layer()
    made = case.torch_build(torch) if case.torch_build else case.build(torch.nn)
    theirs = made.double().state_dict()
    assert list(layer.state_dict()) == list(theirs)
    layer.load_state_dict(theirs)
    for name, value in layer.state_dict().items():
        assert np.array_equal(value, theirs[name].numpy())
