"""MLB, Tucker, MUTAN, BLOCK and MCB against plain NumPy, and against each other."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from fusegrad import multimodal as mm
from fusegrad.engine import Tensor, gradcheck
from tests.fusion_sample import WIDTHS, Split, features, rng, same, settled, weights

TOLERANCE = 1e-6  # of central differences
WITHOUT_B = {"b": np.array([True, False, True, False])}
HERE = np.array([True, False, True, False])[:, None]


def projected(fusion: mm.Fusion, squashed: bool = True) -> dict[str, np.ndarray]:
    """t_m, and 1 where b is missing."""
    w, t = weights(fusion), {}
    for n, f in features().items():
        t[n] = f @ w[f"projections.{n}.weight"].T
        t[n] = np.tanh(t[n]) if squashed else t[n]
    return {**t, "b": np.where(HERE, t["b"], 1.0)}


def through(fusion: mm.Fusion, z: np.ndarray) -> np.ndarray:
    w = weights(fusion)
    return z @ w["output.weight"].T + w["output.bias"]


def test_mlb_multiplies_element_by_element() -> None:
    fusion = settled(mm.MLB(WIDTHS, 5, 6, rng=rng()))
    t = projected(fusion)
    split = Split(fusion, features(), WITHOUT_B)
    assert same(split.F, through(fusion, t["a"] * t["b"] * t["c"]))
    e = split.delta @ weights(fusion)["output.weight"] * t["b"] * t["c"] * (1 - t["a"] ** 2)
    assert same(split.g["a"], e @ weights(fusion)["projections.a.weight"])
    assert mm.MLB(WIDTHS, 5, rng=rng()).inner == 5


def test_tucker_contracts_a_full_core() -> None:
    fusion = settled(mm.Tucker(WIDTHS, 5, 3, rng=rng()))
    C, t = fusion.core.numpy(), projected(fusion)
    assert C.shape == (3, 3, 3, 3)
    z = np.einsum("ijko,bi,bj,bk->bo", C, t["a"], t["b"], t["c"])
    split = Split(fusion, features(), WITHOUT_B)
    assert same(split.F, through(fusion, z))
    e = split.delta @ weights(fusion)["output.weight"]
    want = np.einsum("bi,bj,bk,bo->ijko", t["a"], t["b"], t["c"], e)
    assert same(fusion.core.grad.numpy(), want)


def test_mutan_is_tucker_with_a_core_of_rank_r() -> None:
    fusion = settled(mm.MUTAN(WIDTHS, 5, 3, rank=2, rng=rng()))
    M = {n: p.numpy() for n, p in fusion.factors.items()}
    t, z = projected(fusion), 0
    for r in range(2):
        z = z + np.prod([t[n] @ M[n][r] for n in WIDTHS], axis=0)
    split = Split(fusion, features(), WITHOUT_B)
    assert same(split.F, through(fusion, z))
    tucker = mm.Tucker(WIDTHS, 5, 3, rng=rng()).to(np.float64)
    core = np.einsum("rio,rjo,rko->ijko", M["a"], M["b"], M["c"])
    kept = {n: v for n, v in weights(fusion).items() if not n.startswith("factors")}
    tucker.load_state_dict({**kept, "core": core})
    other = Split(tucker, features(), WITHOUT_B)
    assert same(other.F, split.F) and all(same(other.g[n], split.g[n]) for n in WIDTHS)


def test_block_is_a_core_for_each_chunk_without_tanh() -> None:
    fusion = settled(mm.BLOCK(WIDTHS, 5, 6, chunks=3, rng=rng()))
    C, t = fusion.core.numpy(), projected(fusion, squashed=False)
    assert C.shape == (3, 2, 2, 2, 2)
    cut = {n: np.split(value, 3, axis=1) for n, value in t.items()}
    z = [
        np.einsum("ijlo,bi,bj,bl->bo", C[k], cut["a"][k], cut["b"][k], cut["c"][k])
        for k in range(3)
    ]
    split = Split(fusion, features(), WITHOUT_B)
    assert same(split.F, through(fusion, np.concatenate(z, axis=1)))


def test_first_cores_keep_the_size_of_what_passes() -> None:
    t = {n: Tensor(rng(i).standard_normal((512, 8))) for i, n in enumerate(WIDTHS)}
    parts = list(t.values())
    for fusion in (
        mm.Tucker(WIDTHS, 5, 8, rng=rng()),
        mm.MUTAN(WIDTHS, 5, 8, rank=5, rng=rng()),
        mm.BLOCK(WIDTHS, 5, 8, chunks=2, rng=rng()),
    ):
        assert 0.6 < fusion.product(parts).numpy().std() < 1.6


# ---- MCB ------------------------------------------------------------------------------------
def sketches(fusion: mm.MCB, D: int) -> dict[str, np.ndarray]:
    """psi_m, element by element."""
    found = {}
    for n, f in features().items():
        psi, s = np.zeros((len(f), D)), fusion.signs[n].numpy()
        for i, h in enumerate(fusion.hashes[n].numpy()):
            psi[:, h] += s[i] * f[:, i]
        found[n] = psi
    return found


@pytest.mark.parametrize("D", [1, 7, 16])
def test_mcb_is_the_inverse_transform_of_a_product_of_transforms(D: int) -> None:
    fusion = mm.MCB(WIDTHS, D, rng=rng()).to(np.float64)
    psi = sketches(fusion, D)
    spectrum = np.prod([np.fft.rfft(p, axis=1) for p in psi.values()], axis=0)
    assert same(fusion(features()).numpy(), np.fft.irfft(spectrum, D, axis=1))
    spectrum = np.fft.rfft(psi["a"], axis=1) * np.fft.rfft(psi["c"], axis=1)
    without = fusion(features(), {"b": np.zeros(4, bool)}).numpy()
    assert same(without, np.fft.irfft(spectrum, D, axis=1))
    assert same(fusion({"a": features()["a"]}).numpy(), psi["a"])


def test_mcb_is_the_count_sketch_of_the_outer_product() -> None:
    fusion, x = mm.MCB({"a": 3, "b": 4}, 5, rng=rng()).to(np.float64), features()
    h = {n: b.numpy() for n, b in fusion.hashes.items()}
    s = {n: b.numpy() for n, b in fusion.signs.items()}
    want: dict[int, np.ndarray] = defaultdict(lambda: np.zeros(4))
    for i, j in np.ndindex(3, 4):
        product = x["a"][:, i] * x["b"][:, j] * s["a"][i] * s["b"][j]
        want[(h["a"][i] + h["b"][j]) % 5] += product
    got = fusion({n: x[n] for n in "ab"}).numpy()
    assert same(got, np.stack([want[k] for k in range(5)], axis=1))


def test_hashes_and_signs_are_of_the_state_and_not_learned() -> None:
    fusion = mm.MCB(WIDTHS, 64, rng=rng())
    assert not list(fusion.parameters())
    state = fusion.state_dict()
    assert set(state) == {f"{kind}.{n}" for kind in ("hashes", "signs") for n in WIDTHS}
    assert all(set(np.unique(state[f"signs.{n}"])) <= {-1, 1} for n in WIDTHS)
    assert fusion.to(np.float64).hashes["a"].dtype.kind == "i"


def test_the_root_of_mcb_is_near_the_paper_s_and_has_a_slope_at_0() -> None:
    fusion, x = mm.MCB(WIDTHS, 8, normalize=True, rng=rng()).to(np.float64), features()
    plain = mm.MCB(WIDTHS, 8, rng=rng()).to(np.float64)(x).numpy()
    root = np.sign(plain) * np.sqrt(np.abs(plain))
    want = root / np.linalg.norm(root, axis=1, keepdims=True)
    got = fusion(x).numpy()
    assert np.abs(got - want).max() < 0.01
    assert np.all(np.linalg.norm(got, axis=1) < 1)
    names = list(x)
    gradcheck(lambda *f: fusion(dict(zip(names, f))), *x.values(), tolerance=TOLERANCE)
    alone = mm.MCB({"a": 1}, 1, normalize=True, rng=rng()).to(np.float64)
    split = Split(alone, {"a": np.zeros((1, 1))})
    slope = split.g["a"] / split.delta * alone.signs["a"].numpy()
    assert not split.F.any() and same(slope, [[5000.0]])
