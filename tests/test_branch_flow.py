"""BranchFlow: norms, shares and update ratios are the numbers of the step that was taken."""

from __future__ import annotations

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from tests.test_multimodal import FUSIONS, inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])


def step(net: mm.Multimodal, optimizer: optim.Optimizer) -> mm.Outputs:
    optimizer.zero_grad()
    out = net.outputs(inputs())
    fg.cross_entropy(out.logits, LABELS).backward()
    optimizer.step()
    return out


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_record_is_what_the_step_did(fusion: str) -> None:
    net = network(fusion)
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    before = {n: [p.numpy().copy() for p in b.parameters()] for n, b in net.branches.items()}
    out = step(net, optimizer)
    record = flow.records[0]
    for name, branch in net.branches.items():
        norm = np.linalg.norm(out.features[name].grad.numpy())
        moved = [p.numpy() - q for p, q in zip(branch.parameters(), before[name], strict=True)]
        size = np.sqrt(sum((q.astype(float) ** 2).sum() for q in before[name]))
        change = np.sqrt(sum((d.astype(float) ** 2).sum() for d in moved))
        assert record.norm[name] == pytest.approx(norm, rel=1e-6)
        assert record.update[name] == pytest.approx(change / size, rel=1e-6)
    assert sum(record.share.values()) == pytest.approx(1, abs=1e-12)
    assert record.step == 1


def test_sum_gives_equal_shares() -> None:
    net = network("sum")
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    step(net, optimizer)
    assert flow.records[0].share == {"a": 0.5, "b": 0.5}


class Detached(nn.Module):
    """A branch that passes values on and no gradient back."""

    def __init__(self, branch: nn.Module) -> None:
        self.branch = branch

    def forward(self, x: object) -> fg.Tensor:
        return self.branch(x).detach()


def test_a_detached_branch_reads_exactly_zero() -> None:
    net = network("concat")
    net.branches["a"] = Detached(net.branches["a"])
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    step(net, optimizer)
    assert flow.records[0].norm["a"] == flow.records[0].share["a"] == 0.0
    assert flow.records[0].update["a"] == 0.0 and flow.records[0].share["b"] == 1.0


def test_where_nothing_flows_shares_are_equal() -> None:
    net = network("concat")
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    optimizer.step()
    assert flow.records[0].share == {"a": 0.5, "b": 0.5}


def test_watching_changes_nothing_and_ends() -> None:
    watched, alone = network("gate"), network("gate")
    first, second = (optim.Adam(n.parameters()) for n in (watched, alone))
    flow = mm.BranchFlow(watched, first)
    for net, optimizer in ((watched, first), (alone, second)):
        step(net, optimizer)
    for p, q in zip(watched.parameters(), alone.parameters(), strict=True):
        assert np.array_equal(p.numpy(), q.numpy())
    flow.close()
    step(watched, first)
    assert len(flow.records) == 1 and not watched.on_features


def test_a_flow_shows_its_branches_and_records() -> None:
    net = network("concat")
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    step(net, optimizer)
    assert repr(flow) == "BranchFlow(a, b; 1 records)"


def test_only_a_multimodal_network_and_an_optimizer_are_watched() -> None:
    net, branch = network("concat"), nn.Tanh()
    optimizer = optim.Adam(net.parameters())
    text = "BranchFlow: expected a multimodal network, got Tanh; pass a FeatureFusionNet"
    with pytest.raises(fg.DTypeError, match=text):
        mm.BranchFlow(branch, optimizer)  # type: ignore[arg-type]
    text = "BranchFlow: expected an optimizer, got the class Adam; pass the one whose step"
    with pytest.raises(fg.DTypeError, match=text):
        mm.BranchFlow(net, optim.Adam)  # type: ignore[arg-type]
    assert not net.on_features
