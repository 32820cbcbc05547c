"""The loop for multimodal networks: gradients by a method of balance, modalities that miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..engine import NonFiniteError, Tensor
from ..kernels import DTypeError, OptionError
from ..multimodal import Multimodal
from ..multimodal.balance import Joint, Method
from ..multimodal.balance.own import set_aside
from ..optim import Averaged, Optimizer
from .trainer import Trainer

PRESENT, LENGTHS = "present.", "lengths."  # before the name of the modality


class MultimodalTrainer(Trainer):
    """A Trainer of a multimodal network, whose gradients `method` makes; its criterion is the
    loss.

    A batch is a dict of inputs by modality with `target`. Where modalities miss, `present.NAME`
    is which rows have the modality, truth values (B,). Sequences that were padded go with
    `lengths.NAME` (B,): the branch then gets both, as encoders of words and sounds take them.
    `Trainer` says the rest.

    >>> import numpy as np
    >>> from fusegrad import data, multimodal as mm, nn, optim
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((2, 8, 3)).astype("float32"), np.arange(8) % 2
    >>> rows = data.TensorDataset(a=x[0], b=x[1], target=y)
    >>> branches = {name: nn.Linear(3, 2, rng=rng) for name in "ab"}
    >>> model = mm.DecisionFusionNet(branches, {name: nn.Identity() for name in "ab"})
    >>> method = mm.balance.UnimodalLosses()
    >>> trainer = MultimodalTrainer(model, optim.Adam(model.parameters(), lr=0.1), method)
    >>> history = trainer.fit(data.DataLoader(rows, batch_size=4), epochs=20)
    >>> history[-1]["loss"] < history[0]["loss"], method.passes.extra
    (True, 0.0)
    """

    def __init__(
        self,
        model: Multimodal,
        optimizer: Optimizer | Averaged,
        method: Method | None = None,
        **options: Any,
    ) -> None:
        method = Joint() if method is None else method
        if not isinstance(method, Method):
            expected, repair = "a method of balance", "pass balance.Joint(), say"
            raise DTypeError("MultimodalTrainer", expected, type(method).__name__, repair)
        super().__init__(model, optimizer, method.criterion, **options)
        self.network, self.method, self.beside = model, method, {"method": method}

    def gradients(self, batch: Any, number: int) -> tuple[float, Any, Any]:
        """The method's gradients; it may pass through the model more than once.

        Raises: NonFiniteError, with no gradient added and the method as it was before.
        """
        inputs, present, target = self._parts(batch)
        memory, passes = dict(self.method.memory), replace(self.method.passes)
        try:
            with set_aside(self.network.parameters()):
                step = self.method.backward(self.network, inputs, target, present)
                value = self._finite(step.loss, number)
        except NonFiniteError:
            self.method.memory = memory
            vars(self.method.passes).update(vars(passes))
            raise
        return value, step.outputs.logits, target

    def step(self, batch: Any) -> tuple[Tensor, Any, Any]:
        """The fused loss, without the method: what validation measures."""
        inputs, present, target = self._parts(batch)
        logits = self.model(inputs, present)
        return self.loss(logits, target), logits, target

    def inputs_and_target(self, batch: Any) -> tuple[tuple[Any, ...], Any]:
        """Inputs and masks, and the target."""
        (inputs,), target = super().inputs_and_target(batch)
        if not isinstance(inputs, Mapping):
            expected, repair = "a batch that is a dict by modality", "name its parts"
            raise DTypeError("MultimodalTrainer", expected, type(inputs).__name__, repair)
        masks, ends = (_beside(inputs, prefix) for prefix in (PRESENT, LENGTHS))
        rest = {n: x for n, x in inputs.items() if not n.startswith((PRESENT, LENGTHS))}
        if unknown := sorted(ends.keys() - rest):
            expected, got = f"lengths of {sorted(rest)}", f"{LENGTHS}{unknown[0]}"
            raise OptionError("MultimodalTrainer", expected, got, "name the padded input")
        padded = {n: (rest[n], end) for n, end in ends.items()}
        return ({**rest, **padded}, masks or None), target

    def _parts(self, batch: Any) -> tuple[Mapping[str, Any], Any, Any]:
        """Inputs, masks and the target.

        Raises: OptionError for a batch without target.
        """
        (inputs, present), target = self.inputs_and_target(batch)
        if target is None:
            expected, got = f"a batch with {self.target!r}", str(sorted(inputs))
            raise OptionError("MultimodalTrainer", expected, got, "see target=")
        return inputs, present, target


def _beside(inputs: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What a batch says of modalities under a prefix, by modality."""
    return {n.removeprefix(prefix): x for n, x in inputs.items() if n.startswith(prefix)}
