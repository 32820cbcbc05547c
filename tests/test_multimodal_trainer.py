"""The loop with a method of balance: its gradients, what is missing, checkpoints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data, nn, optim
from fusegrad import multimodal as mm
from fusegrad.training import MultimodalTrainer
from tests.ops_sample import refused

ROWS = 12


def rows(masks: bool = False) -> data.TensorDataset:
    rng = np.random.default_rng(1)
    x = {name: rng.standard_normal((ROWS, 3)).astype(np.float32) for name in "ab"}
    parts: dict[str, Any] = {**x, "target": np.arange(ROWS) % 2}
    if masks:
        parts["present.b"] = np.arange(ROWS) % 3 > 0
    return data.TensorDataset(**parts)


def trainer(method: Any = None, seed: int = 0) -> MultimodalTrainer:
    rng = np.random.default_rng(seed)
    branches = {n: nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh()) for n in "ab"}
    heads = {n: nn.Linear(4, 2, rng=rng) for n in "ab"}
    net = mm.FeatureFusionNet(
        branches, mm.Concat({"a": 4, "b": 4}), nn.Linear(8, 2, rng=rng), heads
    )
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    return MultimodalTrainer(net, optimizer, method, metrics={"accuracy": fg.metrics.accuracy})


def loader(masks: bool = False) -> data.DataLoader:
    return data.DataLoader(rows(masks), batch_size=5)


def test_without_a_method_it_is_a_trainer() -> None:
    plain, other = trainer(), trainer()
    alone = fg.Trainer(other.model, other.optimizer, fg.cross_entropy)
    first, second = plain.fit(loader(), epochs=3), alone.fit(loader(), epochs=3)
    assert [r["loss"] for r in first] == [r["loss"] for r in second]
    for p, q in zip(plain.model.parameters(), other.model.parameters(), strict=True):
        assert np.array_equal(p.numpy(), q.numpy())


def test_the_gradients_are_the_methods() -> None:
    class Nothing(mm.balance.Method):
        """A forward pass, and no gradient."""

        def gradients(self, network: Any, inputs: Any, target: Any, present: Any) -> Any:
            out = self.forward_pass(network, inputs, present)
            loss = self.criterion(out.logits, target)
            return mm.balance.Step(loss, out, {}, {})

    still = trainer(Nothing())
    before = still.model.state_dict()
    still.fit(loader(), epochs=2, validation=loader())
    assert all(np.array_equal(v, before[k]) for k, v in still.model.state_dict().items())
    assert still.method.passes.forward == still.method.passes.steps == 6
    assert still.history[-1]["val_accuracy"] == still.evaluate(loader())["accuracy"]


def test_missing_modalities_come_with_the_batch() -> None:
    made = trainer()
    x = next(iter(data.DataLoader(rows(masks=True), batch_size=ROWS)))
    got = made.predict([{k: v for k, v in x.items() if k != "target"}])
    want = made.model.eval()({n: x[n] for n in "ab"}, {"b": x["present.b"]})
    assert np.array_equal(got, want.numpy())
    assert not np.array_equal(got, made.model({n: x[n] for n in "ab"}).numpy())
    assert made.fit(loader(masks=True), epochs=1)[-1]["loss"] > 0


def test_a_resumed_run_ends_on_the_same_bits(tmp_path: Path) -> None:
    """A method whose state matters: noise, and a running mean."""

    def method() -> Any:
        return mm.balance.OGM(alpha=0.5, noise=True, rng=np.random.default_rng(3))

    whole = trainer(method())
    whole.fit(loader(), epochs=4)
    half = trainer(method())
    half.fit(loader(), epochs=2)
    half.save(tmp_path / "half.safetensors")
    other = trainer(method(), seed=5).resume(tmp_path / "half.safetensors")
    other.fit(loader(), epochs=4)
    for p, q in zip(whole.model.parameters(), other.model.parameters(), strict=True):
        assert np.array_equal(p.numpy(), q.numpy())


def test_another_method_does_not_continue_a_run(tmp_path: Path) -> None:
    made = trainer(mm.balance.PMR())
    made.fit(loader(), epochs=1)
    made.save(tmp_path / "pmr.safetensors")
    text = "beside the model {'method': 'PMR'}, got {'method': 'OGM'}; build the trainer with"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        trainer(mm.balance.OGM()).resume(tmp_path / "pmr.safetensors")


def test_padded_words_come_with_their_lengths() -> None:
    """What stands behind the end of a sentence neither acts nor learns."""
    rng = np.random.default_rng(2)
    words = mm.encoder.AttentionWords(9, 4, 2, rng=rng)
    branches = {"a": nn.Linear(3, 4, rng=rng), "words": words}
    net = mm.FeatureFusionNet(
        branches, mm.Concat({"a": 4, "words": 4}), nn.Linear(8, 2, rng=rng)
    )
    made = MultimodalTrainer(net, optim.SGD(net.parameters(), lr=0.1))
    ids, lengths = rng.integers(1, 9, (6, 5)), np.array([5, 1, 2, 0, 3, 4])
    ids[np.arange(5) >= lengths[:, None]] = 8
    x = rng.standard_normal((6, 3)).astype(np.float32)
    parts = {"words": ids, "lengths.words": lengths, "a": x}
    rows = data.TensorDataset(**parts, target=np.arange(6) % 2)
    batches = data.DataLoader(rows, batch_size=6)
    made.fit(batches, epochs=1)
    got = made.predict([parts])
    other = {**parts, "words": np.where(np.arange(5) < lengths[:, None], ids, 0)}
    assert np.array_equal(got, made.predict([other]))
    text = "MultimodalTrainer: expected lengths of ['a'], got lengths.words; name the padded"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        made.predict([{"a": parts["a"], "lengths.words": lengths}])


def test_what_is_no_method_and_no_dict_is_refused() -> None:
    text = "MultimodalTrainer: expected a method of balance, got str; pass balance.Joint(), say"
    with refused(fg.DTypeError, text):
        trainer("ogm")
    text = (
        "MultimodalTrainer: expected a batch that is a dict by modality, got ndarray; name its"
    )
    with pytest.raises(fg.DTypeError, match=text):
        trainer().fit([(np.ones((2, 3)), np.zeros(2, int))], epochs=1)
