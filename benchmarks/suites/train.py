"""One step of training, by each framework: forward, backward, update, and the loss read.

Every contender starts at the same weights and goes round the same batches. While it is timed
its step size is next to nothing, so that the thousandth step computes with numbers like those
of the first; it costs the same. What is checked, without dropout: the loss, the gradients,
and the loss after a step of Adam's own size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import cycle
from typing import Any

import numpy as np

from .. import place
from ..case import Arrays, Work
from . import by_hand
from .differentiate import compiled, wide

LR, STILL = 1e-3, 1e-9
Weights = dict[str, np.ndarray]
Batch = tuple[Any, ...]  # arrays


@dataclass(frozen=True)
class Task:
    """A network by the names of its weights, which PyTorch's modules give them too.

    `build(nn, draws)` makes it of a framework's layers, `draws` being what those take that
    draw; `loss(m, nn, net, *batch)` and `jax_loss(weights, key, *batch)`, where key is None in
    evaluation, give the loss; `by_hand(weights, *batch)` the loss and its gradients by name.
    """

    weights: Callable[[], Weights]
    batches: Callable[[], list[Batch]]
    check: Callable[[], Batch]  # as a batch, and as large as float64 NumPy has time for
    build: Callable[[Any, dict[str, Any]], Any]
    loss: Callable[..., Any]
    by_hand: Callable[..., tuple[float, Weights]]
    jax_loss: Callable[..., Any] | None = None
    lr: float = LR  # of the step that is checked: no loss may all but vanish by it
    optimizer: Callable[[Any], Any] | None = None  # of a torch net, in the place of Adam
    given: Callable[[Any, Batch], Batch] | None = None  # what fusegrad takes for a batch

    def truth(self) -> Arrays:
        weights = {name: wide(w) for name, w in self.weights().items()}
        batch = tuple(map(wide, self.check()))
        before, gradients = self.by_hand(weights, *batch)
        moved = {name: by_hand.adam(w, gradients[name], self.lr) for name, w in weights.items()}
        after, _ = self.by_hand(moved, *batch)
        return [*(gradients[name] for name in weights), before, after]


def fusegrad(task: Task) -> Work:
    fg, rng = import_module("fusegrad"), np.random.default_rng(0)
    net = task.build(fg.nn, {"rng": rng})
    net.load_state_dict(task.weights())
    net.to(place.device())
    optimizer = fg.optim.Adam(net.parameters(), lr=LR)

    def tensors(batch: Batch) -> Batch:
        return task.given(fg, batch) if task.given else tuple(map(place.ours, batch))

    loss = partial(task.loss, fg, fg.nn, net)
    return _work(task, net, loss, optimizer, tensors)


def torch(task: Task, how: str = "") -> Work:
    """`how` says any of: fused, the optimizer's one kernel; channels_last; compile."""
    torch = import_module("torch")
    net = task.build(torch.nn, {})
    state = {name: torch.from_numpy(w) for name, w in task.weights().items()}
    net.load_state_dict(state)
    layout = torch.channels_last if "channels_last" in how else torch.contiguous_format
    net.to(place.device(), memory_format=layout)
    options = {"fused": True} if "fused" in how else {}
    adam = partial(torch.optim.Adam, lr=LR, **options)
    optimizer = task.optimizer(net) if task.optimizer else adam(net.parameters())

    def tensors(batch: Batch) -> Batch:
        held = map(place.theirs, batch)
        return tuple(x.contiguous(memory_format=layout) if x.dim() == 4 else x for x in held)

    plain = partial(task.loss, torch, torch.nn, net)
    loss = compiled(plain) if "compile" in how else plain
    return _work(task, net, loss, optimizer, tensors)


def _work(
    task: Task,
    net: Any,
    loss: Callable[..., Any],
    optimizer: Any,
    tensors: Callable[[Batch], Batch],
) -> Work:
    """fusegrad and PyTorch train in the same words."""

    def once(batch: Batch) -> float:
        optimizer.zero_grad()
        value = loss(*batch)
        value.backward()
        optimizer.step()
        return float(value.item())

    def result() -> Arrays:
        batch = tensors(task.check())
        net.eval()
        _set_lr(optimizer, task.lr)
        before = once(batch)
        gradients = [_gradient(p) for p in net.parameters()]
        after = once(batch)
        net.train()
        _set_lr(optimizer, STILL)
        return [*gradients, np.array(before), np.array(after)]

    batches = cycle([*map(tensors, task.batches())])
    return Work(lambda: once(next(batches)), result)


def _gradient(p: Any) -> np.ndarray:
    g = p.grad
    g = g.to_dense() if getattr(g, "is_sparse", False) else g
    return np.array(g.to("cpu").numpy())


def _set_lr(optimizer: Any, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


class Trained:
    """jax and optax: one compiled function a step, which takes over the memory of the state."""

    def __init__(self, task: Task) -> None:
        self.jax, self.optax = import_module("jax"), import_module("optax")
        self.task, self.rule, self.lr, self.count = task, self.optax.scale_by_adam(), LR, 0
        self.key = self.jax.random.key(0)
        self.weights = self.jax.tree.map(self.jax.numpy.asarray, task.weights())
        self.state = self.rule.init(self.weights)
        assert task.jax_loss is not None
        self.slopes = self.jax.value_and_grad(task.jax_loss)
        self.run = self.jax.jit(self._both, donate_argnums=(0, 1), static_argnames="training")

    def _both(
        self, weights: Any, state: Any, lr: Any, count: Any, batch: Batch, training: bool
    ) -> Any:
        key = self.jax.random.fold_in(self.key, count) if training else None
        loss, gradients = self.slopes(weights, key, *batch)
        updates, state = self.rule.update(gradients, state)
        moved = self.jax.tree.map(lambda w, u: w - lr * u, weights, updates)
        return moved, state, loss

    def once(self, batch: Batch, training: bool = True) -> float:
        self.count += 1
        given = (self.weights, self.state, self.lr, self.count)
        made = self.run(*given, batch, training=training)
        self.weights, self.state, loss = self.jax.block_until_ready(made)
        return float(loss)

    def arrays(self, batch: Batch) -> Batch:
        return tuple(map(self.jax.numpy.asarray, batch))

    def result(self) -> Arrays:
        batch, self.lr = self.arrays(self.task.check()), self.task.lr
        _, gradients = self.jax.jit(self.slopes)(self.weights, None, *batch)
        before, after = (self.once(batch, training=False) for _ in range(2))
        self.lr = STILL
        return [*(gradients[name] for name in self.task.weights()), before, after]


def jax(task: Task) -> Work:
    trained = Trained(task)
    batches = cycle([*map(trained.arrays, task.batches())])
    return Work(lambda: trained.once(next(batches)), trained.result)


WAYS: Mapping[str, Callable[[Task], Work]] = {
    "fusegrad": fusegrad,
    "torch": torch,
    "torch fused": partial(torch, how="fused"),
    "torch channels_last": partial(torch, how="fused channels_last"),
    "torch compile": partial(torch, how="fused compile"),
    "jax jit": jax,
}


def contenders(task: Task, names: Sequence[str]) -> dict[str, Callable[[], Work]]:
    """Builders of a task's work, by contender."""
    return {name: partial(WAYS[name], task) for name in names}
