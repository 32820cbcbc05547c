"""How attention and MMTM split the error: golden vectors, closed forms, PyTorch."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad.multimodal.fusion import Row
from fusegrad.verify.fusion import proved
from fusegrad.verify.fusion.meetings import fusion_case
from tests import token_oracles as oracle
from tests.test_token_fusions import CLOSE, GOLDEN, HEADS, WIDTH, made, masks, rng, tokens


def plain(widths: dict[str, int], residual: bool = False) -> mm.CrossAttention:
    """Cross-attention with nothing but attention in it: all weights I, all biases 0."""
    width = next(iter(widths.values()))
    fusion = mm.CrossAttention(widths, width, residual=residual, rng=rng()).to(np.float64)
    for name, p in fusion.named_parameters():
        is_matrix = name.endswith("weight")
        p.assign_(np.tile(np.eye(width), (p.shape[0] // width, 1)) if is_matrix else 0 * p.data)
    return fusion


def test_cross_attention_splits_the_error_as_worked_by_hand() -> None:
    fusion = plain({"a": 2, "s": 2})
    a, b = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    x = {
        "a": fg.Tensor(a[None, None], requires_grad=True),
        "s": fg.Tensor(np.stack([b, a + b])[None], requires_grad=True),
    }
    fused = fusion(x)[:, :2].retain_grad()
    loss = fg.cross_entropy(fused @ np.array([[0.1, -0.05], [0.2, -0.1]]), [0])
    loss.backward()
    source = [[0.003036, 0.006071], [-0.047051, -0.094101]]
    worked = [
        (fused.numpy(), [[3.971682, 0.943364]]),
        (float(loss), 0.347339),
        (fused.grad.numpy(), [[-0.044015, -0.088030]]),
        (x["a"].grad.numpy(), [[[-0.004282, -0.008564]]]),
        (x["s"].grad.numpy(), [source]),
    ]
    for got, want in worked:
        assert np.allclose(got, want, rtol=0, atol=GOLDEN)


def test_attention_splits_the_error_as_its_closed_form() -> None:
    d, draws = 3, rng(11)
    X, Y, delta = (draws.standard_normal((n, d)) for n in (4, 5, 4))
    fusion = plain({"a": d, "s": d})
    x = {n: fg.Tensor(v[None], requires_grad=True) for n, v in (("a", X), ("s", Y))}
    # F is the mean over the 4 target tokens: one direction for all of them, a fourth each.
    direction = delta[0]
    (fusion(x)[:, :d] * direction).sum().backward()
    scores = X @ Y.T / math.sqrt(d)
    A = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    dO = np.tile(direction / 4, (4, 1))
    dV, dA = A.T @ dO, dO @ Y.T
    dS = A * (dA - (dA * A).sum(1, keepdims=True))
    dQ, dK = dS @ Y / math.sqrt(d), dS.T @ X / math.sqrt(d)
    assert np.allclose(x["a"].grad.numpy()[0], dQ, rtol=CLOSE, atol=CLOSE)  # the query path
    assert np.allclose(x["s"].grad.numpy()[0], dK + dV, rtol=CLOSE, atol=CLOSE)


def torch_layers(torch: Any, state: oracle.State) -> list[Any]:
    """Two layers of PyTorch with the weights of our fusion."""
    layers = []
    for i in range(2):
        layer = torch.nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True
        ).to(torch.float64)
        own = oracle.under(state, f"layers.{i}")
        layer.load_state_dict({k: torch.tensor(v) for k, v in own.items()})
        layers.append(layer)
    return layers


def test_self_attention_is_two_layers_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    fusion, x, present = made("self"), tokens(), masks()
    value = fusion(x, present)
    value.sum().backward()
    whole = np.concatenate([m.reshape(len(m), -1) for m in present.values()], axis=1)
    rows = np.flatnonzero(whole.any(1))  # PyTorch gives nan for a row of nothing
    h = np.concatenate(list(oracle.projected(fusion.state_dict(), x).values()), axis=1)
    y, layers = torch.tensor(h[rows]), torch_layers(torch, fusion.state_dict())
    for layer in layers:
        y = layer(y, src_key_padding_mask=torch.tensor(~whole[rows]))
    kept = torch.tensor(whole[rows], dtype=torch.float64)[..., None]
    mean = (y * kept).sum(1) / kept.sum(1)
    mean.sum().backward()
    assert np.allclose(value.numpy()[rows], mean.detach().numpy(), rtol=CLOSE, atol=CLOSE)
    ours = dict(fusion.named_parameters())
    for i, layer in enumerate(layers):
        for name, p in layer.named_parameters():
            got = ours[f"layers.{i}.{name}"].grad.numpy()
            assert np.allclose(got, p.grad.numpy(), rtol=CLOSE, atol=CLOSE), name


@pytest.mark.parametrize("count", [1, 2, 3])
def test_cross_attention_is_pytorchs_attention(count: int) -> None:
    torch = pytest.importorskip("torch")
    fusion, x = made("cross", count), tokens(count)
    state = {k: v.astype(np.float64) for k, v in fusion.state_dict().items()}
    h = {n: torch.tensor(v) for n, v in oracle.projected(state, x).items()}
    parts = []
    for name, query in h.items():
        source = torch.cat([y for n, y in h.items() if n != name] or [query], 1)
        layer = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).to(torch.float64)
        own = oracle.under(state, f"attention.{name}")
        layer.load_state_dict({k: torch.tensor(v) for k, v in own.items()})
        parts.append((query + layer(query, source, source)[0]).mean(1))
    want = torch.cat(parts, 1).detach().numpy()
    assert np.allclose(fusion(x).numpy(), want, rtol=CLOSE, atol=CLOSE)


# ---- the proof finds what is wrong ----------------------------------------------------------
class Wrong(mm.Bottleneck):
    """Its bottleneck is used, and learns half of what it should."""

    def meet(self, features: Any, here: Any) -> Any:
        own = self.bottleneck
        vars(self)["bottleneck"] = own * 0.5 + fg.Tensor(own.data * 0.5)
        try:
            return super().meet(features, here)
        finally:
            vars(self)["bottleneck"] = own


@pytest.mark.parametrize("kind", [mm.Bottleneck, Wrong])
def test_a_wrong_gradient_among_many_is_found(kind: Any) -> None:
    row = Row("made wrong", lambda w, d, rng: kind(w, d, rng=rng), "", tokens=True)
    found = proved(replace(fusion_case(row), counts=(1,), rows=(1,)))
    assert found.holds is (kind is mm.Bottleneck)
    assert found.holds or "relative error <= 1e-06" in found.wrong
