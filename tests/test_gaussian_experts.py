"""The product of Gaussian experts that a VAE takes, against the formula."""

from __future__ import annotations

import numpy as np

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad.multimodal.presence import Presence

EXACT = 1e-12


def test_product_of_experts_is_the_formula_and_drops_who_is_absent() -> None:
    rng = np.random.default_rng(5)
    mus, lvs = ({n: rng.standard_normal((4, 2)) for n in "abc"} for _ in range(2))
    here = Presence(list("abc"), 4)
    here.masks["b"] = np.array([True, False, True, False])
    t = {n: np.exp(-lvs[n]) * here[n][:, None] for n in "abc"}
    z = 1 + sum(t.values())
    leaves = [{n: fg.Tensor(v, requires_grad=True) for n, v in d.items()} for d in (mus, lvs)]
    mu, lv = mm.product_of_experts(*leaves, here)
    want = sum(mus[n] * t[n] for n in "abc") / z
    assert np.abs(mu.numpy() - want).max() <= EXACT
    assert np.abs(lv.numpy() + np.log(z)).max() <= EXACT
    (mu.sum() + lv.sum()).backward()
    for d in leaves:
        assert np.array_equal(d["b"].grad.numpy()[1::2], np.zeros((2, 2)))
    share = t["a"] / z
    assert np.abs(leaves[0]["a"].grad.numpy() - share).max() <= EXACT
    assert np.abs(leaves[1]["a"].grad.numpy() - share * (1 - mus["a"] + want)).max() <= EXACT


def test_experts_who_are_sure_beyond_all_measure_do_not_overflow() -> None:
    here = Presence(["a"], 1)
    mu, lv = mm.product_of_experts(
        {"a": fg.Tensor([[3.0]])}, {"a": fg.Tensor([[-2000.0]])}, here
    )
    assert mu.numpy() == 3 and lv.numpy() == -2000
