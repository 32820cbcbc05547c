"""The audit: planted faults are found and named."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.multimodal.analysis import audit
from tests.test_multimodal import inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
Audited = tuple[mm.Multimodal, optim.Optimizer]


class ListHeld(mm.Concat):
    """Factors in a list, as plain tensors: no parameter of anybody."""

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__(widths)
        self.factors = [fg.Tensor(np.ones(w, np.float32), requires_grad=True) for w in (5, 5)]

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        names = list(features)
        return self.joined({n: features[n] * f for n, f in zip(names, self.factors)})


class Detached(nn.Module):
    """A branch that passes values on and no gradient back."""

    def __init__(self, branch: nn.Module) -> None:
        self.branch = branch

    def forward(self, x: Any) -> fg.Tensor:
        return self.branch(x).detach()


class Deaf(mm.Concat):
    """Concatenation that sends nothing back to a."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        return super().meet({**features, "a": features["a"].detach()}, here)


class Mixed(mm.Concat):
    """Each sample sees the products of all samples."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        a, b = features["a"], features["b"]
        return self.joined({"a": (a @ b.T) @ b * 0.1, "b": b})


class Centred(mm.Concat):
    """The mean of the batch is taken away, in evaluation too."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        return self.joined({n: f - f.mean(axis=0) for n, f in features.items()})


class Numbered(mm.Concat):
    """Each sample is told its place in the batch."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        places = np.arange(here.rows, dtype=np.float32)[:, None]
        return super().meet(features, here) + places


class Tied(mm.Concat):
    """A weight that is used once as it is and once as a frozen alias."""

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__(widths)
        self.mix = nn.Parameter(np.eye(5, dtype=np.float32))

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        a, b = features.values()
        return self.joined({"a": a @ self.mix, "b": b @ self.mix.detach()})


def with_fusion(kind: Callable[[dict[str, int]], mm.Fusion]) -> Audited:
    net = network("concat")
    net.fusion = kind({"a": 5, "b": 5})
    return net, optim.Adam(net.parameters())


def list_held() -> Audited:
    return with_fusion(ListHeld)


def detached() -> Audited:
    net = network("concat")
    net.branches["a"] = Detached(net.branches["a"])
    return net, optim.Adam(net.parameters())


def half_detached() -> Audited:
    """The head of a still teaches it; the fused loss does not."""
    return with_fusion(Deaf)


def copied_head() -> Audited:
    net = network("concat")
    held = [p for b in (*net.branches.values(), *net.heads.values()) for p in b.parameters()]
    return net, optim.Adam([*held, *deepcopy(net.head).parameters()])


def frozen() -> Audited:
    net = network("concat")
    optimizer = optim.Adam(net.parameters())
    net.branches["b"].requires_grad_(False)
    return net, optimizer


def forgotten() -> Audited:
    net = network("concat")
    net.spare = nn.Linear(2, 2, rng=np.random.default_rng(0))
    return net, optim.Adam(net.parameters())


def in_branch() -> Audited:
    net = network("concat")
    net.branches["b"] = nn.Sequential(net.branches["b"], Softmax())
    return net, optim.Adam(net.parameters())


class Softmax(nn.Module):
    """A softmax along the wrong axis."""

    def forward(self, x: fg.Tensor) -> fg.Tensor:
        return fg.softmax(x, axis=0)


class Shrunk(mm.Concat):
    """Loses the axis of the samples."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        return super().meet(features, here).mean(axis=0, keepdims=True)


FAULTS: dict[str, tuple[Callable[[], Audited], str, str]] = {
    "list-held factor": (
        list_held,
        "unregistered",
        r"of shape \(5,\) \(test_audit.py:\d+\) reaches the loss, is no parameter of the "
        "network, and is not trained",
    ),
    "detached branch": (
        detached,
        "detached",
        "no gradient leads from the fused logits to branch 'a', which holds 2 parameters",
    ),
    "detached in the fusion": (half_detached, "detached", "fused logits to branch 'a'"),
    "copied head": (
        copied_head,
        "stray",
        "which no loss reaches, and looks like a copy of head",
    ),
    "head not held": (
        copied_head,
        "untrained",
        "head.weight reaches the loss, but the optimizer does not hold it",
    ),
    "frozen, yet held": (
        frozen,
        "frozen",
        "branches.b.0.weight asks for no gradient, though the optimizer holds it",
    ),
    "frozen alias": (
        lambda: with_fusion(Tied),
        "alias",
        "matmul reads the values of fusion.mix past its gradient, as a frozen alias",
    ),
    "cross-sample products": (
        lambda: with_fusion(Mixed),
        "mix",
        "samples mix in what follows the branches: a sample changes when another sample",
    ),
    "batch mean": (lambda: with_fusion(Centred), "mix", "a sample changes when another"),
    "place in the batch": (
        lambda: with_fusion(Numbered),
        "mix",
        "what follows the branches: outputs do not change places with the samples",
    ),
    "wrong axis": (in_branch, "mix", "samples mix in branch 'b': a sample changes"),
    "unused layer": (
        forgotten,
        "unreached",
        "spare.weight is trained, but no gradient path leads to it",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_named(fault: str) -> None:
    plant, kind, text = FAULTS[fault]
    net, optimizer = plant()
    found = audit(net, optimizer, inputs(), LABELS)
    assert not found.passed and kind in {f.kind for f in found.findings}
    with pytest.raises(fg.GraphError, match=f"audit: expected a sound network, got .*{text}"):
        found.check()
    assert len(str(found).splitlines()) == len(found.findings) + 1
    assert found.to_json()["findings"][0].keys() == {"kind", "name", "text"}


@pytest.mark.parametrize("fault", ["list-held factor", "detached branch", "frozen alias"])
def test_one_fault_is_one_finding(fault: str) -> None:
    net, optimizer = FAULTS[fault][0]()
    found = audit(net, optimizer, inputs(), LABELS)
    assert {f.kind for f in found.findings} == {FAULTS[fault][1]}


def test_an_output_without_its_samples_is_found() -> None:
    net, optimizer = with_fusion(Shrunk)
    found = audit(net, optimizer, inputs(), LABELS, objective=lambda out, _: out.logits.sum())
    assert "6 samples give an output of shape (1, 3)" in str(found)


def test_a_tensor_that_only_the_optimizer_knows_is_told() -> None:
    net, _ = list_held()
    factors = net.fusion.factors
    optimizer = optim.Adam([*net.parameters(), *factors])
    found = audit(net, optimizer, inputs(), LABELS)
    assert all("is trained but saved nowhere" in f.text for f in found.findings)
