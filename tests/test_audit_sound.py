"""The audit: sound networks pass, of whatever layers and fusions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.multimodal.analysis import audit
from tests.test_audit import LABELS
from tests.test_multimodal import inputs, network


class Standing(mm.Concat):
    """A learned stand-in for a missing b."""

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__(widths)
        self.stand_in = nn.Parameter(np.ones((1, 5), np.float32))

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        if here["b"].all():
            return super().meet(features, here)
        gone = (1 - here.column("b", features["b"])) * self.stand_in
        return self.joined({**features, "b": features["b"] + gone})


def layers(net: mm.Multimodal, rng: np.random.Generator) -> None:
    a, b = net.branches.values()
    norm, drop = nn.BatchNorm1d(5), nn.Dropout(0.5, rng=rng)
    net.branches = {"a": nn.Sequential(a, norm, drop), "b": nn.Sequential(b, drop)}


def sound(kind: str) -> tuple[mm.Multimodal, dict[str, Any]]:
    rng, x, net = np.random.default_rng(0), inputs(), network("concat")
    if kind == "dropout and norm":
        layers(net, rng)
    elif kind == "bags of words":
        net.branches["b"] = nn.EmbeddingBag(9, 5, "sum", rng=rng)
        x["b"] = rng.integers(9, size=14), np.array([0, 2, 4, 7, 7, 11])
    elif kind == "shared":
        net.branches["b"] = net.branches["a"]
    elif kind == "stand-in":
        net.fusion = Standing({"a": 5, "b": 5})
    elif kind == "inputs that learn":
        x = {n: fg.Tensor(v, requires_grad=True) for n, v in x.items()}
    elif kind == "early":
        net = mm.EarlyFusionNet({"a": 4, "b": 4}, nn.Linear(8, 3, rng=rng))
    elif kind == "hybrid":
        net = mm.HybridFusionNet(net.branches, net.fusion, net.head, net.heads)
    return net, x


SOUND = ["dropout and norm", "bags of words", "shared", "stand-in", "inputs that learn"]


@pytest.mark.parametrize("kind", [*SOUND, "early", "hybrid"])
def test_a_sound_network_passes(kind: str) -> None:
    net, x = sound(kind)
    before = net.state_dict()
    found = audit(net, optim.Adam(net.parameters()), x, LABELS)
    assert found.passed, str(found)
    found.check()
    assert str(found).startswith("0 findings, ") and "evaluation mode" in str(found)
    assert net.training and all(p.grad is None for p in net.parameters())
    assert all(np.array_equal(v, before[k]) for k, v in net.state_dict().items())


@pytest.mark.parametrize("name", mm.FUSIONS)
def test_no_fusion_of_the_house_gives_a_false_alarm(name: str) -> None:
    rng = np.random.default_rng(0)
    fusion = mm.FUSIONS[name].make({"a": 6, "b": 6}, 6, rng)
    branches = {n: nn.Sequential(nn.Linear(4, 6, rng=rng), nn.Tanh()) for n in "ab"}
    net = mm.FeatureFusionNet(branches, fusion, nn.Linear(fusion.width, 3, rng=rng))
    found = audit(net, optim.Adam(net.parameters()), inputs(), LABELS)
    assert found.passed, str(found)


@pytest.mark.parametrize("name", mm.DECISIONS)
def test_no_decision_of_the_house_gives_a_false_alarm(name: str) -> None:
    rng = np.random.default_rng(0)
    made = mm.DECISIONS[name].make(["a", "b"], 3, rng)
    plain = network("concat")
    net = mm.DecisionFusionNet(plain.branches, plain.heads, made)
    found = audit(net, optim.Adam(net.parameters()), inputs(), LABELS)
    assert found.passed, str(found)
