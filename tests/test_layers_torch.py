"""Every row of the table of layers beside PyTorch: same weights, same outputs and gradients."""

from __future__ import annotations

import numpy as np
import pytest

from tests.layer_cases import CASES, Case
from tests.layer_cases.peer import differences

torch = pytest.importorskip("torch", reason="PyTorch is not installed; nothing to compare with")

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
MODES = [(case, mode) for case in CASES if case.peer for mode in case.modes]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("case", "mode"), MODES, ids=str)
def test_outputs_and_gradients_agree(case: Case, mode: str, dtype: str) -> None:
    found = dict(differences(torch, case, mode, dtype))
    assert found and {k: e for k, e in found.items() if e > TOLERANCE[dtype]} == {}


@pytest.mark.parametrize("case", [c for c in CASES if c.peer and c.same_names], ids=str)
def test_a_state_of_pytorch_loads_and_loads_back(case: Case) -> None:
    layer = case.layer()
    made = case.torch_build(torch) if case.torch_build else case.build(torch.nn)
    theirs = made.double().state_dict()
    assert list(layer.state_dict()) == list(theirs)
    layer.load_state_dict(theirs)
    for name, value in layer.state_dict().items():
        assert np.array_equal(value, theirs[name].numpy())
