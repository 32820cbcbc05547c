"""What methods of balance refuse, and what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal import balance
from tests.balance_sample import LABELS, inputs, network

REFUSED: list[tuple[Any, str]] = [
    (lambda: balance.OGM(logits="own"), r"OGM: expected logits among heads, probe, absent, got"
     r" 'own'; leave it out for the one that fits"),
    (lambda: balance.MMPareto(logits="probe"), r"MMPareto: expected logits among heads, ab"),
    (lambda: balance.OGM(-1), r"OGM: expected alpha >= 0, got -1"),
    (lambda: balance.OGM(noise=True), r"OGM with noise: expected a generator, got rng=None; p"),
    (lambda: balance.AGM(float("nan")), r"AGM: expected alpha >= 0, got nan"),
    (lambda: balance.PMR(-1), r"PMR: expected alpha >= 0, got -1"),
    (lambda: balance.PMR(momentum=2), r"PMR: expected momentum in \[0, 1\], got 2"),
    (lambda: balance.PMR(every=0), r"PMR: expected every >= 1, got 0"),
    (lambda: balance.MMPareto(0), r"MMPareto: expected gamma > 0, got 0"),
    (lambda: balance.CGGM(rho=-1), r"CGGM: expected rho >= 0, got -1"),
    (lambda: balance.CGGM(lam=-1), r"CGGM: expected lam >= 0, got -1"),
    (lambda: balance.UnimodalLosses(-1), r"UnimodalLosses: expected weight >= 0, got -1"),
    (lambda: balance.UnimodalLosses({"a": -1}), r"UnimodalLosses: expected weight >= 0, got"),
    (lambda: balance.GradientBlending({"a": -1}), r"expected weights\['a'\] >= 0, got -1"),
    (lambda: balance.GradientBlending({"a": 0}), r"expected the sum of weights > 0, got 0"),
    (lambda: balance.weights_from([{"a": (1, 1)}]), r"weights_from: expected two entries of t"),
    (lambda: balance.weights_from([{"a": (1, 1)}, {"b": (1, 1)}]), r"got \[\['a'\], \['b'\]\]"),
    (lambda: balance.weights_from([{}, {}]), r"expected two entries .* record all losses"),
    (lambda: balance.weights_from([], 0), r"weights_from: expected floor > 0, got 0"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "text"), REFUSED)
def test_settings_out_of_range_are_refused(make: Any, text: str) -> None:
    with pytest.raises(fg.OptionError, match=text):
        make()


def refused(method: balance.Method, net: Any, text: str, y: Any = LABELS) -> None:
    with pytest.raises(fg.OptionError, match=text):
        method.backward(net, inputs(list(net.branches)), y)


def test_networks_that_do_not_fit_a_method_are_refused() -> None:
    bare, votes = network("concat", heads=False), network("mean")
    text = r"OGM: expected a head for every branch, got none for \['a', 'b'\]; give the network"
    refused(balance.OGM(logits="heads"), bare, text)
    refused(balance.MMPareto(logits="heads"), bare, r"MMPareto: expected a head for every")
    text = r"OGM: expected heads that only listen, got the voting heads of DecisionFusionNet; s"
    refused(balance.OGM(logits="probe"), votes, text)
    text = r"UnimodalLosses: expected weights of \['a', 'b'\], got \['x'\]; name each by its b"
    refused(balance.UnimodalLosses({"x": 1}), votes, text)
    text = r"GradientBlending: expected weights of \['a', 'b', 'fused'\], got \['a'\]; give one"
    refused(balance.GradientBlending({"a": 1}), votes, text)
    fused = network("concat", ["a", "fused"])
    text = r"GradientBlending: expected branches of other names, got fused; rename that branch"
    refused(balance.GradientBlending(), fused, text)


def test_targets_of_pmr_are_classes() -> None:
    def distance(logits: fg.Tensor, y: Any) -> fg.Tensor:
        return (logits * logits).sum()

    text = r"PMR: expected class labels \(B,\) in \[0, 3\), got float64 of shape \(6,\); protot"
    refused(balance.PMR(criterion=distance), network(), text, LABELS / 2)
    refused(balance.PMR(criterion=distance), network(), r"got int64 of shape", LABELS + 1)


def test_masks_that_cannot_be_drawn_are_refused() -> None:
    rng, drop = np.random.default_rng(0), balance.ModalityDropout
    text = r"ModalityDropout: expected p in \[0, 1\), got 1.0 for 'a'; give a probab"
    with pytest.raises(fg.OptionError, match=text):
        drop(["a", "b"], 1.0, rng=rng)
    with pytest.raises(fg.OptionError, match=r"p in \[0, 1\), got nan for 'b'"):
        drop(["a", "b"], {"a": 0.5, "b": float("nan")}, rng=rng)
    text = r"ModalityDropout: expected p for \['a', 'b'\], got \['a'\]; give one for each, or"
    with pytest.raises(fg.OptionError, match=text):
        drop(["a", "b"], {"a": 0.5}, rng=rng)
    text = r"ModalityDropout: expected a list of distinct names, got .*; pass a list such as"
    for names in ("ab", ["a", "a"], []):
        with pytest.raises(fg.OptionError, match=text):
            drop(names, rng=rng)
    masks = drop(["a", "b"], rng=rng)
    with pytest.raises(fg.OptionError, match=r"present: expected names among \['a', 'b'\]"):
        masks.masks(2, {"c": np.ones(2, bool)})
    with pytest.raises(fg.DTypeError, match=r"rng: expected a numpy Generator, got 0"):
        drop(["a", "b"], rng=0)  # type: ignore[arg-type]
