"""Networks of branches: what meets, who is missing by sample, token or key, and what learns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn

CLOSE = 1e-12
B, T, C, D = 5, 3, 4, 6
INPUTS = {"image": 3, "sound": 2}
LABELS = np.array([0, 3, 1, 2, 2])
PRESENT = {"sound": np.array([True, False, True, False, True])}
REAL = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 0]], bool)


class Steps(nn.Module):
    """A branch of tokens: a layer for each of them."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def forward(self, x: Any, real: Any = None) -> mm.Tokens:
        return mm.Tokens(self.layer(x), real)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def layer(into: int, out: int, seed: int) -> nn.Module:
    return nn.Sequential(nn.Linear(into, out, rng=rng(seed)), nn.Tanh()).to(np.float64)


def branches() -> dict[str, nn.Module]:
    return {n: layer(d, D, k) for k, (n, d) in enumerate(INPUTS.items())}


def heads() -> dict[str, nn.Module]:
    return {n: nn.Linear(D, C, rng=rng(9)).to(np.float64) for n in INPUTS}


def of(fusion: mm.Fusion) -> dict[str, Any]:
    fusion = fusion.to(np.float64)
    return {"fusion": fusion, "head": nn.Linear(fusion.width, C, rng=rng(5)).to(np.float64)}


def widths() -> dict[str, int]:
    return dict.fromkeys(INPUTS, D)


def decided(name: str) -> mm.DecisionFusionNet:
    decision = mm.DECISIONS[name].make(list(INPUTS), C, rng()).to(np.float64)
    return mm.DecisionFusionNet(branches(), heads(), decision)


def hybrid(decision: mm.Decision | None = None) -> mm.HybridFusionNet:
    return mm.HybridFusionNet(
        branches(), **of(mm.Gate(widths(), rng=rng())), heads=heads(), decision=decision
    )


def stacked() -> mm.HybridFusionNet:
    return hybrid(mm.Stacking([*INPUTS, "fused"], C, rng=rng()).to(np.float64))


NETS: dict[str, Callable[[], mm.Multimodal]] = {
    "concat": lambda: mm.FeatureFusionNet(branches(), **of(mm.Concat(widths())), heads=heads()),
    "self-attention": lambda: mm.FeatureFusionNet(
        branches(), **of(mm.SelfAttention(widths(), 4, rng=rng()))
    ),
    "early": lambda: mm.EarlyFusionNet(INPUTS, layer(5, C, 7)),
    **{f"late, {name}": lambda name=name: decided(name) for name in mm.DECISIONS},
    "hybrid": hybrid,
    "hybrid, stacked": stacked,
}


def batch() -> dict[str, np.ndarray]:
    return {n: rng(k).standard_normal((B, d)) for k, (n, d) in enumerate(INPUTS.items(), 20)}


def gradients(net: mm.Multimodal, x: Any, present: Any = None) -> dict[str, Any]:
    net.zero_grad()
    out = net.outputs(x, present)
    loss = fg.cross_entropy(out.logits, LABELS)
    for logits in out.unimodal.values():
        loss = loss + (logits * logits)[np.flatnonzero(PRESENT["sound"])].sum()
    loss.backward()
    return {n: None if p.grad is None else p.grad.numpy() for n, p in net.named_parameters()}


@pytest.mark.parametrize("name", NETS)
def test_a_missing_sample_may_be_nan_and_gets_nothing(name: str) -> None:
    net, x = NETS[name](), batch()
    want = gradients(net, x, PRESENT)
    rows = ~PRESENT["sound"]
    for filler in (np.nan, np.inf):
        broken = {**x, "sound": np.where(rows[:, None], filler, x["sound"])}
        given = {n: fg.Tensor(v, requires_grad=True) for n, v in broken.items()}
        got = gradients(net, given, PRESENT)
        assert np.array_equal(net(given, PRESENT).numpy(), net(x, PRESENT).numpy())
        assert not given["sound"].grad.numpy()[rows].any()
        assert given["sound"].grad.numpy()[~rows].any()
        assert given["image"].grad.numpy().all()
        for n, g in want.items():
            assert np.allclose(got[n], g, rtol=CLOSE, atol=CLOSE), n


@pytest.mark.parametrize("name", NETS)
def test_a_missing_modality_leaves_its_branch_alone(name: str) -> None:
    net, x = NETS[name](), batch()
    nobody = {"sound": np.zeros(B, bool)}
    image = {"image": x["image"]}
    assert np.allclose(net(image).numpy(), net(x, nobody).numpy(), rtol=CLOSE, atol=CLOSE)
    assert np.allclose(net(image, nobody).numpy(), net(image).numpy(), rtol=CLOSE, atol=CLOSE)
    for given, present in ((image, None), (x, nobody)):
        net.zero_grad()
        out = net.outputs(given, present)
        fg.cross_entropy(out.logits, LABELS).backward()
        grads = [p.grad for p in net.branches["sound"].parameters()]
        assert all(g is None or not g.numpy().any() for g in grads)
        assert not out.here["sound"].any() and out.here["image"].all()
        assert not out.here.is_whole


def token_net(fusion: mm.Fusion) -> mm.FeatureFusionNet:
    parts = {"image": Steps(layer(3, D, 0)), "sound": layer(2, D, 1)}
    return mm.FeatureFusionNet(parts, **of(fusion), heads=heads())


def sequences() -> dict[str, np.ndarray]:
    return {"image": rng(2).standard_normal((B, T, 3)), "sound": rng(3).standard_normal((B, 2))}


@pytest.mark.parametrize("name", ["self-attention", "cross-attention", "mult", "bottleneck"])
def test_branches_may_give_tokens(name: str) -> None:
    net, x = token_net(mm.FUSIONS[name].make(widths(), 4, rng())), sequences()
    out = net.outputs({**x, "image": (x["image"], REAL)})
    assert isinstance(out.features["image"], mm.Tokens)
    assert np.array_equal(out.here["image"], REAL.any(1))
    # Masks may come with the tokens, or beside them.
    beside = net.outputs({**x, "image": (x["image"],)}, {"image": REAL})
    assert np.array_equal(out.logits.numpy(), beside.logits.numpy())
    f = net.branches["image"].layer(fg.Tensor(x["image"])).numpy()
    count = np.maximum(REAL.sum(1, keepdims=True), 1)
    mean = (f * REAL[..., None]).sum(1) / count
    head = net.heads["image"]
    want = mean @ head.weight.numpy().T + head.bias.numpy()
    for some in (out, beside):
        assert np.allclose(some.unimodal["image"].numpy(), want, rtol=CLOSE, atol=CLOSE)


def test_both_masks_of_tokens_must_hold() -> None:
    net, x = token_net(mm.SelfAttention(widths(), 4, rng=rng())), sequences()
    samples = np.array([True, False, True, True, True])
    other = rng(4).random((B, T)) < 0.7
    given = {**x, "image": (x["image"], REAL)}
    for mask, both in ((samples, REAL & samples[:, None]), (other, REAL & other)):
        got = net(given, {"image": mask})
        want = net({**x, "image": (x["image"], both)})
        assert np.array_equal(got.numpy(), want.numpy())


def test_missing_tokens_get_nothing() -> None:
    net, x = token_net(mm.Perceiver(widths(), 4, rng=rng())), sequences()
    image = fg.Tensor(x["image"], requires_grad=True)
    out = net.outputs({**x, "image": (image, REAL)})
    (out.logits.sum() + out.unimodal["image"].sum()).backward()
    assert not image.grad.numpy()[~REAL].any()
    assert image.grad.numpy()[REAL].any(1).all()


def test_decisions_see_which_row_has_no_token() -> None:
    parts = {"image": Steps(layer(3, D, 0)), "sound": layer(2, D, 1)}
    net, x = mm.DecisionFusionNet(parts, heads()), sequences()
    out = net.outputs({**x, "image": (x["image"], REAL)})
    assert np.array_equal(out.logits.numpy()[-1], out.unimodal["sound"].numpy()[-1])
    both = (out.unimodal["image"].numpy() + out.unimodal["sound"].numpy()) / 2
    assert np.allclose(out.logits.numpy()[:-1], both[:-1], rtol=CLOSE, atol=CLOSE)


def test_a_hybrid_is_the_mean_of_all_votes() -> None:
    net, x = hybrid(), batch()
    out = net.outputs(x, PRESENT)
    fused = net.head(out.fused).numpy()
    image, sound = (out.unimodal[n].numpy() for n in INPUTS)
    here = PRESENT["sound"][:, None]
    want = np.where(here, (image + sound + fused) / 3, (image + fused) / 2)
    assert np.allclose(out.logits.numpy(), want, rtol=CLOSE, atol=CLOSE)


def test_early_fusion_is_one_trunk_on_the_inputs_side_by_side() -> None:
    trunk = layer(4 + 2, C, 7)
    net = mm.EarlyFusionNet({"image": 4, "sound": 2}, trunk)
    x = {"image": rng().standard_normal((B, 2, 2)), "sound": rng(2).standard_normal((B, 2))}
    joined = np.concatenate([x["image"].reshape(B, 4), x["sound"]], 1)
    assert np.array_equal(net(x).numpy(), trunk(fg.Tensor(joined)).numpy())
    own = mm.EarlyFusionNet({"image": 4, "sound": 2}, trunk, {"sound": nn.Tanh()})
    assert isinstance(own.branches["image"], nn.Flatten)
    assert isinstance(own.branches["sound"], nn.Tanh)


def test_features_may_be_replaced_between_branches_and_meeting() -> None:
    net, x, seen = NETS["concat"](), batch(), []
    net.on_features.append(seen.append)
    features = net.features_of(x)
    assert np.array_equal(net.meet(features).logits.numpy(), net(x).numpy())
    assert list(seen[0]) == list(INPUTS)
    swapped = {**features, "sound": features["sound"][::-1]}
    other = net(x | {"sound": x["sound"][::-1]})
    assert np.array_equal(net.meet(swapped).logits.numpy(), other.numpy())


def test_a_mask_of_words_alone_is_refused() -> None:
    """Only the fusion would see it; the branch would take padding for words."""
    rng = np.random.default_rng(0)
    words = mm.encoder.AttentionWords(9, 4, 2, tokens=True, rng=rng)
    net = mm.FeatureFusionNet({"w": words}, mm.SelfAttention({"w": 4}, 4, rng=rng), nn.Tanh())
    ids = rng.integers(1, 9, (2, 3))
    text = (
        "present['w']: expected truth values (B,) for words, got shape (2, 3); pass the words"
    )
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        net({"w": ids}, {"w": np.ones((2, 3), bool)})
    sentences = mm.encoder.Sentences(ids, np.array([3, 1]))
    assert np.array_equal(
        net({"w": sentences}).numpy(), net.head(net.fusion({"w": words(sentences)})).numpy()
    )
