"""The audit: what is declared frozen, what is left out, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.multimodal.analysis import audit
from tests.test_audit import LABELS, Centred, Tied, frozen, with_fusion
from tests.test_multimodal import inputs, network


@pytest.mark.parametrize(
    "declared",
    [
        lambda net: ["branches.b"],
        lambda net: "branches.b",
        lambda net: net.branches["b"],
        lambda net: list(net.branches["b"].parameters()),
        lambda net: [n for n, _ in net.named_parameters() if n.startswith("branches.b.")],
    ],
)
def test_what_is_frozen_on_purpose_is_declared(declared: Callable[[Any], Any]) -> None:
    net, _ = frozen()
    learns = [p for p in net.parameters() if p.requires_grad]
    found = audit(net, optim.Adam(learns), inputs(), LABELS, frozen=declared(net))
    assert found.passed, str(found)


def test_what_is_declared_frozen_and_trained_is_found() -> None:
    net = network("concat")
    optimizer = optim.Adam(net.parameters())
    found = audit(net, optimizer, inputs(), LABELS, frozen=["head.bias"])
    assert [str(f) for f in found.findings] == [
        "frozen: head.bias is declared frozen, and is trained"
    ]


def test_an_alias_on_purpose_is_declared() -> None:
    net, optimizer = with_fusion(Tied)
    assert audit(net, optimizer, inputs(), LABELS, frozen=["fusion.mix"]).findings[0].kind == (
        "frozen"
    )
    assert audit(net, optimizer, inputs(), LABELS, ignore=["alias"]).passed


def test_kinds_can_be_left_out() -> None:
    net, optimizer = with_fusion(Centred)
    assert audit(net, optimizer, inputs(), LABELS, ignore=["mix"]).passed


def test_a_loss_of_its_own_may_bring_parameters() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.scale = nn.Parameter(np.ones((), np.float32))

        def forward(self, out: mm.Outputs, target: Any) -> fg.Tensor:
            return (self.scale * out.logits).sum() + sum(z.sum() for z in out.unimodal.values())

    net, loss = network("concat"), Scaled()
    optimizer = optim.Adam([*net.parameters(), *loss.parameters()])
    found = audit(net, optimizer, inputs(), LABELS, objective=loss)
    assert found.passed, str(found)


def test_a_watcher_that_is_there_already_sees_all_the_same() -> None:
    net = network("concat")
    with fg.detect_anomaly():
        assert audit(net, optim.Adam(net.parameters()), inputs(), LABELS).passed


def test_double_precision_is_held_to_more_digits() -> None:
    class Leak(mm.Concat):
        def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
            return super().meet(features, here) + 1e-6 * features["a"].sum()

    net, optimizer = with_fusion(Leak)
    x = {n: v.astype(np.float64) for n, v in inputs().items()}
    assert audit(net, optimizer, inputs(), LABELS).passed  # below what float32 can tell
    net.to(np.float64)
    assert {f.kind for f in audit(net, optimizer, x, LABELS).findings} == {"mix"}


REFUSED = [
    (
        lambda net, opt: audit(nn.Tanh(), opt, inputs(), LABELS),
        "audit: expected a multimodal network, got Tanh; pass a FeatureFusionNet",
    ),
    (
        lambda net, opt: audit(net, net, inputs(), LABELS),
        "audit: expected an optimizer, got FeatureFusionNet; pass the one whose step",
    ),
    (
        lambda net, opt: audit(net, opt, inputs(1), LABELS[:1]),
        "audit: expected 2 rows or more, got 1; one alone mixes with nothing",
    ),
    (
        lambda net, opt: audit(net, opt, inputs(), LABELS[:4]),
        "audit, a: expected 4 rows, got 6; give every modality one row",
    ),
    (
        lambda net, opt: audit(net, opt, inputs(), LABELS, frozen=["branches.c"]),
        "audit, frozen: expected names among branches.a.0.weight, .* got 'branches.c'; name",
    ),
    (
        lambda net, opt: audit(net, opt, inputs(), LABELS, ignore=["noise"]),
        r"audit, ignore: expected kinds among unregistered, .*, got \['noise'\]; choose",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, text: str) -> None:
    net = network("concat")
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call(net, optim.Adam(net.parameters()))
