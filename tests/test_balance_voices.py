"""Where unimodal logits come from, and whose parameters are whose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.multimodal import balance
from fusegrad.multimodal.balance.own import dense, own_parameters, scale
from tests.balance_sample import LABELS, agree, grads, inputs, made, network, rng, taken

EXACT = 1e-12
HEARING = ["ogm", "ogm-ge", "cggm"]  # diagnostics
LEARNING = ["unimodal", "mmpareto", "blending"]  # whose losses train


@pytest.mark.parametrize("name", [*HEARING, *LEARNING])
def test_the_step_says_whose_logits_were_heard(name: str) -> None:
    for fusion, heads, found in (
        ("concat", True, "probe" if name in HEARING else "heads"),
        ("concat", False, "absent"),
        ("mean", True, "heads"),
        ("hybrid", True, "heads"),
        ("early", False, "absent"),
    ):
        net = network(fusion, heads=heads)
        assert taken(made(name), net, inputs(), LABELS)[1].logits == found
    for logits in ("heads", "absent"):
        step = taken(made(name, logits=logits), network(), inputs(), LABELS)[1]
        assert step.logits == logits


@pytest.mark.parametrize("name", HEARING)
def test_a_probe_trains_heads_and_touches_nothing_else(name: str) -> None:
    net, x = network("concat"), inputs()
    probe, step = taken(made(name, logits="probe"), net, x, LABELS)
    heads, other = taken(made(name, logits="heads"), net, x, LABELS)
    assert step.weight == other.weight
    for key in probe:
        trained = key.startswith("heads.")
        assert probe[key].any() == heads[key].any() or trained
        assert np.array_equal(probe[key], heads[key]) != trained


def test_absence_of_the_others_is_the_networks_own_word() -> None:
    """For a mean of logits, it is what the head says; for a gate, what the gate passes."""
    for name in LEARNING:
        net, x = network("mean"), inputs()
        first, _ = taken(made(name, logits="heads"), net, x, LABELS)
        second, _ = taken(made(name, logits="absent"), net, x, LABELS)
        agree(second, first, EXACT)
    net, x = network("gate", heads=False), inputs()
    found, step = taken(balance.UnimodalLosses(), net, x, LABELS)
    net.zero_grad()
    total = fg.cross_entropy(net(x), LABELS)
    for m in "ab":
        total = total + fg.cross_entropy(net({m: x[m]}), LABELS)
    total.backward()
    agree(found, grads(net), EXACT)
    assert float(step.loss) < float(total)


class Noisy(nn.Module):
    """A head with running statistics and dropout."""

    def __init__(self, width: int) -> None:
        self.norm = nn.BatchNorm1d(width)
        self.drop, self.out = nn.Dropout(0.5, rng=rng(2)), nn.Linear(width, 3, rng=rng(3))
        self.frozen = nn.BatchNorm1d(width).eval()

    def forward(self, x: Any) -> Any:
        return self.out(self.drop(self.frozen(self.norm(x))))


@pytest.mark.parametrize("name", ["ogm", "agm", "cggm"])
def test_who_only_listens_moves_no_statistic_and_draws_nothing(name: str) -> None:
    results = []
    for method in (balance.Joint(), made(name, **({} if name == "agm" else QUIET[name]))):
        net = network("concat", heads=False)
        net.head = Noisy(10).to(np.float64)
        told: list[Any] = []
        net.on_features.append(told.append)
        modes = [m.training for m in net.modules()]
        method.backward(net, inputs(), LABELS)
        assert len(told) == 1 and [m.training for m in net.modules()] == modes
        assert not net.head.frozen.training
        state = net.head.norm.state_dict()
        results.append((state, net.head.drop.rng.bit_generator.state))
    (one, drawn), (two, again) = results
    assert drawn == again and all(np.array_equal(one[k], two[k]) for k in one)


QUIET: dict[str, dict[str, Any]] = {"ogm": {"logits": "absent"}, "cggm": {"lam": 0.0}}


def test_a_watcher_of_gradients_sees_the_step_and_not_the_listening() -> None:
    for name in ("ogm", "agm", "cggm", "mmpareto"):
        net = network("concat", heads=name == "mmpareto")
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        flow = mm.BranchFlow(net, optimizer)
        made(name).backward(net, inputs(), LABELS)
        optimizer.step()
        assert set(flow.records[0].norm) == {"a", "b"} and min(flow.records[0].norm.values())


def test_what_is_shared_is_nobodys_own() -> None:
    net = network("concat", "abc")
    own = own_parameters(net)
    assert {n: len(ps) for n, ps in own.items()} == {"a": 2, "b": 2, "c": 2}
    net.also = net.branches["a"]  # another name of the same branch
    assert len(own_parameters(net)["a"]) == 2
    net.branches["b"][0].weight = net.branches["c"][0].weight
    net.other = nn.Linear(4, 5, rng=rng())
    net.other.bias = net.branches["c"][0].bias  # held by another part, too
    found = own_parameters(net)
    assert [len(found[n]) for n in "abc"] == [2, 1, 0]


def test_rows_of_a_table_stay_rows() -> None:
    p = nn.Parameter(np.zeros((4, 2)))
    p.grad = SparseRows([1, 3], np.array([[2.0, 4.0], [6.0, 8.0]]), (4, 2))
    whole = p.grad.dense().numpy()
    scale([p], 0.5)
    assert isinstance(p.grad, SparseRows)
    assert np.array_equal(dense(p.grad).numpy(), whole / 2)


class MeanToken(mm.Fusion):
    """The mean token of every modality, side by side."""

    takes_tokens = True

    def meet(self, features: dict[str, Any], here: mm.Presence) -> fg.Tensor:
        means = {n: mm.mean_of_tokens(mm.Tokens(f, here.tokens(n, f.shape[1])))
                 for n, f in features.items()}  # fmt: skip
        return self.joined(means)


@pytest.mark.parametrize("name", balance.METHODS)
def test_features_may_be_tokens(name: str) -> None:
    """Two tokens of which one counts are one token, for every method."""
    g = rng()
    mask = np.array([[True, False]] * 6)
    found = []
    for tokens in (False, True):
        net = network("concat")
        if tokens:
            net.fusion = MeanToken({"a": 5, "b": 5})
        x = inputs()
        x["a"] = np.stack([x["a"], g.standard_normal((6, 4))], axis=1) if tokens else x["a"]
        method, here = made(name), {"a": mask} if tokens else None
        for _ in range(2):
            found.append(taken(method, net, x, LABELS, here)[0])
    agree(found[2], found[0], EXACT)
    agree(found[3], found[1], EXACT)
