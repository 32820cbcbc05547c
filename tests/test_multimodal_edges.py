"""Edges where a number was wrong, a step failed, or nan got through: each once, by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data, nn, optim
from fusegrad import multimodal as mm
from fusegrad.multimodal import balance, objective
from tests.balance_sample import CLASSES, LABELS, inputs, network

CLOSE = 1e-12


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def linear(into: int, out: int, seed: int = 0) -> nn.Linear:
    return nn.Linear(into, out, rng=rng(seed))


# ---- balance --------------------------------------------------------------------------------
@pytest.mark.parametrize("fusion", ["concat", "mean", "hybrid"])
def test_mmpareto_of_a_modality_that_nothing_trains(fusion: str) -> None:
    """Its loss has no gradient to be taken; the others are as if it had none."""
    net, method = network(fusion), balance.MMPareto()
    for part in (net.branches["a"], net.heads["a"]):
        part.requires_grad_(False)
    step = method.backward(net, inputs("ab"), LABELS)
    assert step.weight["a"] == 0.5 and method.passes.backward == 2
    for name, p in net.named_parameters():
        trained = not name.startswith(("branches.a.", "heads.a."))
        assert (p.grad is not None) == trained


def test_a_module_that_a_branch_and_the_head_share_is_nobodys_own() -> None:
    shared = linear(4, 4)
    parts = {"a": nn.Sequential(shared, nn.Tanh()), "b": linear(4, 4, 1)}
    width = mm.Sum({"a": 4, "b": 4})
    deep = mm.FeatureFusionNet(parts, width, nn.Sequential(shared))
    assert {n: len(p) for n, p in balance.own_parameters(deep).items()} == {"a": 0, "b": 2}
    same = {"a": shared, "b": linear(4, 4, 1)}
    alike = mm.FeatureFusionNet(same, width, linear(4, 3), {"a": shared})
    assert {n: len(p) for n, p in balance.own_parameters(alike).items()} == {"a": 0, "b": 2}


def test_a_second_name_of_a_branch_takes_nothing_from_it() -> None:
    net = network("concat")
    net.first = net.branches["a"]  # type: ignore[attr-defined]  # as subclasses do
    assert {n: len(p) for n, p in balance.own_parameters(net).items()} == {"a": 2, "b": 2}


def test_ogm_with_alpha_0_leaves_even_a_leader_over_nobody() -> None:
    assert balance.ogm.held_back({"a": 1.0, "b": 0.0}, 0.0) == {"a": 1.0, "b": 1.0}
    assert balance.ogm.held_back({"a": 1.0, "b": 0.0}, 0.8) == {"a": 0.0, "b": 1.0}


@pytest.mark.parametrize("shape", [(6, 1), (6, CLASSES), (6,)])
def test_cggm_has_no_accuracy_of_what_are_no_classes(shape: tuple[int, ...]) -> None:
    net = network("concat")
    method = balance.CGGM(criterion=lambda z, y: (z * z).sum())
    text = rf"CGGM: expected class labels \(B,\), got float64 of shape \({shape[0]},.*classes"
    with pytest.raises(fg.OptionError, match=text):
        method.backward(net, inputs("ab"), np.zeros(shape))
    assert all(p.grad is None for p in net.parameters()) and not method.memory


# ---- fusions
def test_two_pairs_never_share_what_they_learn() -> None:
    text = (
        r"Multiplicative: expected names that pair in one way, got \['a b', 'c', 'a', 'b c'\]"
    )
    with pytest.raises(fg.OptionError, match=text):
        mm.Multiplicative(dict.fromkeys(["a b", "c", "a", "b c"], 2), 3, rng=rng())


# ---- objectives -----------------------------------------------------------------------------
def test_noise_of_functional_entropy_has_the_spread_of_the_rows_that_are_there() -> None:
    x = 10 + rng().standard_normal((40, 3))
    here = np.arange(40) % 2 == 0
    seen: list[Any] = []

    def call(z: Any, present: Any) -> Any:
        seen.append(z["a"].numpy())
        return z["a"]

    loss = nn.CrossEntropyLoss(reduction="none")
    made = objective.FunctionalEntropy(loss, samples=1, rng=rng(3))
    made.scores(call, {"a": x}, np.zeros(40, int), {"a": here})
    want = np.where(here[:, None], x, 0) + x[here].std() * rng(3).standard_normal(x.shape)
    assert np.allclose(seen[0], want, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("size", [1e-19, 1e-20, 1e-21, 1e-22])
def test_features_next_to_nothing_have_no_correlation_and_no_nan(size: float) -> None:
    """Singular values of T are then below what 1 / s can hold in float32."""
    draws = rng().standard_normal((2, 3, 3))
    x = {n: fg.Tensor((v * size).astype("f4"), requires_grad=True) for n, v in zip("ab", draws)}
    loss = objective.SumOfCorrelations()(x)
    loss.backward()
    assert float(loss) == 0 and not any(v.grad.numpy().any() for v in x.values())


@pytest.mark.parametrize("rows", [2, 3, 4])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_large_features_correlate_no_more_than_rows_allow(rows: int, shift: float) -> None:
    """N centred rows span N - 1 directions; the mean that rounding leaves is not one more."""
    draws = shift + 1e6 * rng(rows).standard_normal((2, rows, 6))
    single = {n: v.astype("f4") for n, v in zip("ab", draws)}
    assert abs(float(objective.SumOfCorrelations()(single)) + rows - 1) < 1e-3
    assert abs(float(objective.SumOfSquaredCorrelations()(single)) + rows - 1) < 1e-3


def test_a_task_whose_loss_is_0_does_not_run_away() -> None:
    weigh = objective.UncertaintyWeighted(["a", "b"])
    optimizer = optim.Adam(weigh.parameters(), lr=1.0)
    for _ in range(100):
        optimizer.zero_grad()
        losses = {
            n: fg.Tensor(np.float32(v), requires_grad=True) for n, v in (("a", 0), ("b", 2))
        }
        total = weigh(losses)
        total.backward()
        assert np.isfinite(float(total)) and np.isfinite(float(losses["a"].grad))
        optimizer.step()
    assert abs(weigh.sigma()["b"] ** 2 - 2) < 0.1
    weigh.eval()(losses)
    below = float(weigh.log_sigma["a"])
    assert below < -10  # evaluation moves nothing
    weigh.train()(losses)
    assert float(weigh.log_sigma["a"]) == -10


@pytest.mark.parametrize("reduction", ["sequence", "token"])
def test_a_decoder_of_no_sentences_says_0(reduction: str) -> None:
    tell = objective.SequenceDecoder({"a": 3}, 5, 4, reduction=reduction, rng=rng())
    assert float(tell({"a": np.zeros((0, 2, 3), "f4")}, np.zeros((0, 3), int))) == 0


# ---- networks
def test_names_of_branches_never_run_together_in_a_state() -> None:
    inside = {"a": nn.Sequential(linear(2, 3)), "a.0": linear(2, 3, 1)}
    text = r"FeatureFusionNet: expected names that go on from no other by a dot, got \['a.0'\]"
    with pytest.raises(fg.OptionError, match=text):
        mm.FeatureFusionNet(inside, mm.Concat({"a": 3, "a.0": 3}), nn.Identity())
    apart = {"a.x": linear(2, 3), "a.y": linear(2, 3, 1), "ab": linear(2, 3, 2)}
    net = mm.FeatureFusionNet(apart, mm.Concat(dict.fromkeys(apart, 3)), nn.Identity())
    assert len(net.state_dict()) == 6


# ---- tokens ---------------------------------------------------------------------------------
def test_nan_in_a_missing_token_reaches_no_weight() -> None:
    branches = {n: linear(3, 4, k).to(np.float64) for k, n in enumerate("ab")}
    fusion = mm.SelfAttention(dict.fromkeys("ab", 4), 4, rng=rng()).to(np.float64)
    net = mm.FeatureFusionNet(branches, fusion, nn.Identity())
    real = np.array([[True, False], [True, True], [False, False]])
    x = {"a": rng(1).standard_normal((3, 2, 3)), "b": rng(2).standard_normal((3, 3))}
    found = []
    for poison in (0.0, np.nan, np.inf):
        x["a"][~real] = poison
        net.zero_grad()
        out = net(x, {"a": real})
        out.sum().backward()
        found.append((out.numpy(), branches["a"].weight.grad.numpy()))
    for out, slope in found[1:]:
        assert np.array_equal(out, found[0][0]) and np.array_equal(slope, found[0][1])


def test_the_mean_of_no_tokens_is_0() -> None:
    assert np.array_equal(mm.mean_of_tokens(fg.Tensor(np.zeros((2, 0, 3)))), np.zeros((2, 3)))


@pytest.mark.parametrize("mask", [None, np.zeros((2, 0), bool)], ids=["no mask", "a mask"])
def test_a_sequence_of_no_tokens_has_no_vote(mask: Any) -> None:
    branches = {n: nn.Identity() for n in "ab"}
    fusion = mm.Bottleneck(dict.fromkeys("ab", 3), 4, rng=rng())
    heads = {n: linear(3, CLASSES, k) for k, n in enumerate("ab")}
    net = mm.HybridFusionNet(branches, fusion, linear(fusion.width, CLASSES, 3), heads)
    rest = {"b": np.ones((2, 3), "f4")}
    none = mm.Tokens(fg.Tensor(np.zeros((2, 0, 3), "f4")), mask)
    out = net.meet({"a": none, **rest})
    assert not out.here["a"].any()
    assert np.array_equal(out.logits.numpy(), net.meet(rest).logits.numpy())


# ---- the loop -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["agm", "pmr", "cggm"])
def test_a_loss_that_is_nan_leaves_the_method_and_the_gradients_alone(name: str) -> None:
    net, method = network("concat"), balance.METHODS[name]()
    trainer = fg.MultimodalTrainer(net, optim.SGD(net.parameters(), lr=0.1), method)
    x = inputs("ab")
    trainer.fit([{**x, "target": LABELS}], epochs=1)
    state, passes = method.state_dict(), vars(method.passes).copy()
    assert state
    x["a"][0] = np.nan
    with pytest.raises(fg.NonFiniteError, match="expected a finite loss, got nan"):
        trainer.fit([{**x, "target": LABELS}], epochs=2)
    assert all(p.grad is None for p in net.parameters())
    assert vars(method.passes) == passes and method.state_dict().keys() == state.keys()
    for key, kept in method.state_dict().items():
        assert np.array_equal(kept, state[key])


def test_a_batch_without_target_is_refused() -> None:
    net = network("concat")
    trainer = fg.MultimodalTrainer(net, optim.SGD(net.parameters(), lr=0.1))
    rows = data.DataLoader(data.TensorDataset(**inputs("ab")), batch_size=3)
    text = r"MultimodalTrainer: expected a batch with 'target', got \['a', 'b'\]; see target="
    with pytest.raises(fg.OptionError, match=text):
        trainer.fit(rows, epochs=1)
    assert trainer.predict(rows).shape == (6, CLASSES)
