"""BranchFlow: norms, shares and update ratios are the numbers of the step that was taken."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.multimodal.analysis.measures import shares, sum_of_squares
from tests.test_multimodal import FUSIONS, inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
FLOAT32, EXACT = 1e-6, 1e-12


def step(net: mm.Multimodal, optimizer: optim.Optimizer, watched: Any = None) -> mm.Outputs:
    optimizer.zero_grad()
    out = net.outputs(inputs())
    for name, feature in out.features.items() if watched is not None else ():
        feature.register_hook(lambda g, name=name: watched.__setitem__(name, g.numpy()))
    fg.cross_entropy(out.logits, LABELS).backward()
    optimizer.step()
    return out


def size(arrays: Any) -> float:
    return float(np.sqrt(sum((np.asarray(a, np.float64) ** 2).sum() for a in arrays)))


@pytest.mark.parametrize("fusion", [*FUSIONS, "hybrid"])
def test_a_record_is_what_the_step_did(fusion: str) -> None:
    net = hybrid() if fusion == "hybrid" else network(fusion)
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    before = {n: [p.numpy().copy() for p in b.parameters()] for n, b in net.branches.items()}
    seen, pulls, moves = {}, {}, {}
    step(net, optimizer, seen)
    record = flow.records[0]
    for name, branch in net.branches.items():
        held = list(branch.parameters())
        weights, pulls[name] = size(before[name]), size([p.grad.numpy() for p in held])
        moves[name] = size([p.numpy() - q for p, q in zip(held, before[name], strict=True)])
        assert record.norm[name] == pytest.approx(size([seen[name]]), rel=FLOAT32)
        assert record.update[name] == pytest.approx(moves[name] / weights, rel=FLOAT32)
        assert record.gradient[name] == pytest.approx(pulls[name] / weights, rel=FLOAT32)
    for shown, sizes in ((record.update_share, moves), (record.gradient_share, pulls)):
        for name in "ab":
            assert shown[name] == pytest.approx(sizes[name] / sum(sizes.values()), rel=FLOAT32)
        assert sum(shown.values()) == pytest.approx(1, abs=EXACT)
    assert sum(record.share.values()) == pytest.approx(1, abs=EXACT)
    assert (record.step, record.passes, flow.passes) == (1, 0, 0)


def test_each_step_is_measured_from_where_it_began() -> None:
    net = network("concat")
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    flow, held = mm.BranchFlow(net, optimizer, every=1), list(net.branches["a"].parameters())
    for k in range(4):
        if k == 2:  # somebody else changes the weights in between
            held[0].assign_(3 * held[0].numpy())
        before = [p.numpy().copy() for p in held]
        step(net, optimizer)
        moved = size([p.numpy() - q for p, q in zip(held, before, strict=True)])
        assert flow.records[k].update["a"] == pytest.approx(moved / size(before), rel=1e-5)


def hybrid() -> mm.HybridFusionNet:
    plain = network("concat")
    return mm.HybridFusionNet(plain.branches, plain.fusion, plain.head, plain.heads)


def test_shares_times_the_total_are_the_norms_again() -> None:
    rng = np.random.default_rng(0)
    for _ in range(2000):
        norm = dict(enumerate(np.exp(rng.uniform(-30, 30, rng.integers(1, 6))).tolist()))
        share, total = shares(norm), math.fsum(norm.values())
        assert abs(math.fsum(share.values()) - 1) <= EXACT
        assert all(abs(share[n] * total - x) <= math.ulp(x) for n, x in norm.items())
        rebuilt = math.fsum(s * total for s in share.values())
        assert abs(rebuilt - total) <= math.ulp(total)


def test_sum_gives_equal_shares() -> None:
    net = network("sum")
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    step(net, optimizer)
    assert flow.records[0].share == {"a": 0.5, "b": 0.5}


def test_sgd_moves_as_gradients_pull_and_adam_does_not() -> None:
    gaps = {}
    for rule in (optim.SGD, optim.Adam):
        net = network("concat")
        with fg.no_grad():
            for p in net.branches["a"].parameters():
                p.assign_(p.numpy() * 0.01)  # its gradient is then another size than b's
        optimizer = rule(net.parameters(), lr=0.01)
        flow = mm.BranchFlow(net, optimizer)
        x = inputs()
        fg.cross_entropy(net({**x, "a": 100 * x["a"]}), LABELS).backward()
        optimizer.step()
        record = flow.records[0]
        gaps[rule] = abs(record.update_share["a"] - record.gradient_share["a"])
    assert gaps[optim.SGD] < 1e-3 and gaps[optim.Adam] > 0.2


class Detached(nn.Module):
    """A branch that passes values on and no gradient back."""

    def __init__(self, branch: nn.Module) -> None:
        self.branch = branch

    def forward(self, x: object) -> fg.Tensor:
        return self.branch(x).detach()


def test_a_detached_branch_reads_exactly_zero_and_is_named() -> None:
    net = network("concat")
    net.branches["a"] = Detached(net.branches["a"])
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    step(net, optimizer)
    record = flow.records[0]
    assert record.norm["a"] == record.share["a"] == record.gradient["a"] == 0.0
    assert record.update["a"] == record.update_share["a"] == 0.0 and record.share["b"] == 1.0
    assert record.silent == ["a"] and "no gradient reaches a" in flow.table()


def test_where_nothing_flows_shares_are_equal() -> None:
    net = network("concat")
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    assert flow.table() == "no step yet"
    optimizer.step()
    record = flow.records[0]
    assert record.share == record.update_share == {"a": 0.5, "b": 0.5}
    assert record.silent == ["a", "b"]


def test_watching_changes_nothing_and_ends() -> None:
    watched, alone = network("gate"), network("gate")
    first, second = (optim.Adam(n.parameters()) for n in (watched, alone))
    with mm.BranchFlow(watched, first) as flow:
        for net, optimizer in ((watched, first), (alone, second)):
            step(net, optimizer)
    for p, q in zip(watched.parameters(), alone.parameters(), strict=True):
        assert np.array_equal(p.numpy(), q.numpy())
    step(watched, first)
    assert len(flow.records) == 1 and not watched.on_features


def test_only_every_so_many_steps_are_measured() -> None:
    net = network("concat")
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer, every=3)
    for _ in range(7):
        step(net, optimizer)
    assert [r.step for r in flow.records] == [1, 4, 7] and flow.steps == 7


def test_evaluation_between_forward_and_step_is_not_taken_for_it() -> None:
    net = network("concat")
    optimizer = optim.SGD(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    loss = fg.cross_entropy(net(inputs()), LABELS)
    net.eval()(inputs())
    net.train()
    loss.backward()
    optimizer.step()
    assert flow.records[0].silent == []


def test_passes_back_that_add_up_are_added_up() -> None:
    once, twice = network("concat"), network("concat")
    records = []
    for net, seeds in ((once, [1.0]), (twice, [0.25, 0.75])):
        optimizer = optim.SGD(net.parameters())
        flow = mm.BranchFlow(net, optimizer)
        loss = fg.cross_entropy(net(inputs()), LABELS)
        for seed in seeds:
            loss.backward(np.float32(seed), retain_graph=True)
        optimizer.step()
        records.append(flow.records[0])
    assert records[0].norm["a"] == pytest.approx(records[1].norm["a"], rel=FLOAT32)


def test_a_flow_shows_its_branches_and_records() -> None:
    net = network("concat")
    optimizer = optim.Adam(net.parameters())
    flow = mm.BranchFlow(net, optimizer)
    step(net, optimizer)
    assert repr(flow) == "BranchFlow(a, b; 1 records, 0 extra passes)"
    lines = flow.table().splitlines()
    assert lines[0] == "step 1" and lines[-1] == "0 extra backward passes"
    assert lines[1].split()[:3] == ["branch", "norm", "share"]
    assert [line.split()[0] for line in lines[2:4]] == ["a", "b"]
    told = flow.records[0].to_json()
    assert told["share"] == flow.records[0].share and told["between"] == {"a & b": None}


def test_small_and_large_float32_do_not_vanish_or_overflow() -> None:
    for scale in (1e-30, 1.0, 1e25):
        x = (scale * np.arange(1, 5)).astype(np.float32)
        want = (x.astype(np.float64) ** 2).sum()
        assert math.isclose(sum_of_squares(x), want, rel_tol=FLOAT32)


REFUSED = [
    (
        lambda net, opt: mm.BranchFlow(nn.Tanh(), opt),
        "BranchFlow: expected a multimodal network, got Tanh; pass a FeatureFusionNet",
    ),
    (
        lambda net, opt: mm.BranchFlow(net, optim.Adam),
        "BranchFlow: expected an optimizer, got the class Adam; pass the one whose step",
    ),
    (
        lambda net, opt: mm.BranchFlow(mm.FeatureFusionNet, opt),
        "BranchFlow: expected a multimodal network, got the class FeatureFusionNet; pass",
    ),
    (
        lambda net, opt: mm.BranchFlow(net, opt, every=0),
        "BranchFlow: expected every of 1 or more, got 0; 1 is each step",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_only_a_multimodal_network_and_an_optimizer_are_watched(call: Any, text: str) -> None:
    net = network("concat")
    with pytest.raises((fg.DTypeError, fg.OptionError), match=text):
        call(net, optim.Adam(net.parameters()))
    assert not net.on_features
