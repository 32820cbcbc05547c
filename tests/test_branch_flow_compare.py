"""BranchFlow: cosines between gradients, dead units, and features of other kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from tests.test_multimodal import inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
CLOSE = 1e-9


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def gradients(loss: fg.Tensor, parameters: list[fg.Tensor]) -> np.ndarray:
    for p in parameters:
        p.grad = None
    loss.backward()
    found = [np.zeros(p.shape) if p.grad is None else p.grad.numpy() for p in parameters]
    return np.concatenate([g.ravel() for g in found])


def float64(net: mm.Multimodal) -> tuple[mm.Multimodal, dict[str, np.ndarray]]:
    return net.to(np.float64), {n: x.astype(np.float64) for n, x in inputs().items()}


@pytest.mark.parametrize("fusion", ["concat", "gate", "mean"])
def test_the_cosine_to_the_unimodal_loss_is_that_of_two_steps(fusion: str) -> None:
    net, x = float64(network(fusion))
    want = {}
    for name in "ab":
        held = list(net.branches[name].parameters())
        fused = gradients(fg.cross_entropy(net(x), LABELS), held)
        alone = gradients(fg.cross_entropy(net.outputs(x).unimodal[name], LABELS), held)
        want[name] = cosine(fused, alone)
    record, flow = one_step(net, x)
    assert record.agreement == pytest.approx(want, abs=CLOSE)
    assert record.by == {"a": "head", "b": "head"}
    assert record.passes == flow.passes == 2 and "2 extra backward passes" in flow.table()


def one_step(net: mm.Multimodal, x: Any, present: Any = None) -> tuple[Any, mm.BranchFlow]:
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    out = net.outputs(x, present)
    flow.compare(out, LABELS)
    optimizer.zero_grad()
    fg.cross_entropy(out.logits, LABELS).backward()
    optimizer.step()
    return flow.records[0], flow


def test_comparing_changes_neither_norms_nor_weights() -> None:
    first, x = float64(network("concat"))
    second, _ = float64(network("concat"))
    compared, _ = one_step(first, x)
    optimizer = optim.SGD(second.parameters())
    flow = mm.BranchFlow(second, optimizer)
    fg.cross_entropy(second(x), LABELS).backward()
    optimizer.step()
    assert compared.norm == flow.records[0].norm and flow.records[0].agreement == {}
    for p, q in zip(first.parameters(), second.parameters(), strict=True):
        assert np.array_equal(p.numpy(), q.numpy())


def test_without_heads_the_others_are_absent() -> None:
    net, x = float64(network("concat"))
    net.heads = {}
    held = list(net.branches["a"].parameters())
    fused = gradients(fg.cross_entropy(net(x), LABELS), held)
    alone = gradients(fg.cross_entropy(net({"a": x["a"]}), LABELS), held)
    record, flow = one_step(net, x)
    assert record.agreement["a"] == pytest.approx(cosine(fused, alone), abs=CLOSE)
    assert record.by["a"] == "others absent" and "a by others absent" in flow.table()


def test_only_rows_that_have_a_modality_are_compared() -> None:
    net, x = float64(network("concat"))
    present = {"a": np.array([True, False, True, True, False, False]), "b": np.zeros(6, bool)}
    held = list(net.branches["a"].parameters())
    rows = np.flatnonzero(present["a"])
    fused = gradients(fg.cross_entropy(net(x, present), LABELS), held)
    logits = net.outputs(x, present).unimodal["a"][rows]
    alone = gradients(fg.cross_entropy(logits, LABELS[rows]), held)
    record, _ = one_step(net, x, present)
    assert set(record.agreement) == {"a"} and record.silent == ["b"]
    assert record.agreement["a"] == pytest.approx(cosine(fused, alone), abs=CLOSE)


def test_steps_that_are_not_measured_are_not_compared() -> None:
    net, x = float64(network("concat"))
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer, every=2)
    for _ in range(2):
        out = net.outputs(x)
        flow.compare(out, LABELS)
        fg.cross_entropy(out.logits, LABELS).backward()
        optimizer.step()
    assert flow.passes == 2 and len(flow.records) == 1


def test_a_detached_branch_stays_silent_where_its_head_learns() -> None:
    net, x = float64(network("concat"))
    net.fusion = Deaf({"a": 5, "b": 5})
    record, _ = one_step(net, x)
    assert record.silent == ["a"] and record.agreement["a"] is None


class Deaf(mm.Concat):
    """Concatenation that sends nothing back to a."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        return super().meet({**features, "a": features["a"].detach()}, here)


def sharing() -> tuple[mm.Multimodal, dict[str, np.ndarray], list[fg.Tensor]]:
    """A layer that both branches begin with."""
    rng = np.random.default_rng(0)
    shared, own = nn.Linear(4, 5, rng=rng), nn.Linear(5, 5, rng=rng)
    branches = {"a": nn.Sequential(shared, nn.Tanh()), "b": nn.Sequential(shared, own)}
    fusion, head = mm.Concat({"a": 5, "b": 5}), nn.Linear(10, 3, rng=rng)
    return *float64(mm.FeatureFusionNet(branches, fusion, head)), list(shared.parameters())


def test_what_branches_send_to_shared_weights_is_told_apart() -> None:
    net, x, held = sharing()
    parts = {}
    for name, other in ("ab", "ba"):
        features = net.features_of(x)
        features[other] = features[other].detach()
        parts[name] = gradients(fg.cross_entropy(net.meet(features).logits, LABELS), held)
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    whole = gradients(fg.cross_entropy(net(x), LABELS), held)
    optimizer.step()
    found = flow.records[0].between["a & b"]
    assert np.allclose(whole, parts["a"] + parts["b"], rtol=0, atol=CLOSE)
    assert found == pytest.approx(cosine(parts["a"], parts["b"]), abs=CLOSE)
    assert flow.passes == flow.records[0].passes == 2
    assert "on weights that a & b share: cosine" in flow.table()


def rectified(dropout: float = 0.0) -> mm.FeatureFusionNet:
    rng = np.random.default_rng(0)
    branches = {
        n: nn.Sequential(nn.Linear(4, 5, rng=rng), nn.ReLU(), nn.Dropout(dropout, rng=rng))
        for n in "ab"
    }
    return mm.FeatureFusionNet(branches, mm.Concat({"a": 5, "b": 5}), nn.Linear(10, 3, rng=rng))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_units_that_never_fire_are_dead(dropout: float) -> None:
    net = rectified(dropout)
    net.branches["a"][0].bias.assign_([-100.0, 9.0, -100.0, 9.0, 9.0])
    net.branches["b"][0].bias.assign_(np.full(5, 9.0))
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    fg.cross_entropy(net(inputs()), LABELS).backward()
    optimizer.step()
    assert flow.records[0].dead == {"a": 0.4, "b": 0.0}


def test_units_that_are_zero_but_learn_are_not_dead() -> None:
    net = network("concat")
    for p in net.branches["a"].parameters():
        p.assign_(np.zeros(p.shape))
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    fg.cross_entropy(net(inputs()), LABELS).backward()
    optimizer.step()
    assert flow.records[0].dead == {"a": 0.0, "b": 0.0}


class Sequence(nn.Module):
    """A branch of tokens, the last of which each sample lacks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.layer = nn.Linear(4, 5, rng=rng)

    def forward(self, x: Any) -> mm.Tokens:
        values = self.layer(np.stack([x, 2 * x, 0 * x], axis=1)).relu()
        return mm.Tokens(values, np.array([[True, True, False]] * len(x)))


class Mean(mm.Fusion):
    """The mean of all tokens of both."""

    takes_tokens = True

    @property
    def width(self) -> int:
        return 5

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        return features["a"].mean(axis=1) + features["b"].mean(axis=1)


def test_tokens_are_read_too() -> None:
    rng = np.random.default_rng(0)
    branches = {n: Sequence(rng) for n in "ab"}
    net = mm.FeatureFusionNet(branches, Mean({"a": 5, "b": 5}), nn.Linear(5, 3, rng=rng))
    branches["a"].layer.bias.assign_([-100.0, 9.0, 9.0, 9.0, -100.0])
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    out = net.outputs(inputs())
    seen: dict[str, np.ndarray] = {}
    out.features["a"].values.register_hook(lambda g: seen.update(a=g.numpy()))
    fg.cross_entropy(out.logits, LABELS).backward()
    optimizer.step()
    record = flow.records[0]
    assert record.norm["a"] == pytest.approx(float(np.linalg.norm(seen["a"])), rel=1e-6)
    assert record.dead["a"] == 0.4 and record.silent == []


def test_early_fusion_is_read_at_its_inputs() -> None:
    rng = np.random.default_rng(0)
    trunk = nn.Sequential(nn.Linear(8, 6, rng=rng), nn.Tanh(), nn.Linear(6, 3, rng=rng))
    net = mm.EarlyFusionNet({"a": 4, "b": 4}, trunk)
    optimizer = optim.SGD(net.parameters())
    x = {n: fg.Tensor(v, requires_grad=True) for n, v in inputs().items()}
    fg.cross_entropy(net(x), LABELS).backward()
    want = {n: float(np.linalg.norm(v.grad.numpy())) for n, v in x.items()}
    flow = mm.BranchFlow(net, optimizer)
    optimizer.zero_grad()
    fg.cross_entropy(net(inputs()), LABELS).backward()
    optimizer.step()
    assert flow.records[0].norm == pytest.approx(want, rel=1e-6)
    assert flow.records[0].silent == []
