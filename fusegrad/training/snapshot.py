"""A whole run on disk: weights, the optimizer's state, generators, and what callbacks know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import nn
from ..kernels import OptionError
from .callbacks import Callback
from .generators import states_of
from .history import History
from .packing import packed, unpacked

if TYPE_CHECKING:
    from .trainer import Trainer


def save(trainer: Trainer, path: str | Path) -> None:
    """Write a run to one safetensors file, whole or not at all."""
    nn.save(packed(_state(trainer)), path)


def restore(trainer: Trainer, path: str | Path) -> None:
    """Put a trainer where `save` found one; it is unchanged where something does not fit."""
    state = unpacked(nn.load(path), like=_state(trainer))
    saved, built = state.get("kinds", {}), _kinds(trainer)
    if saved != built:
        repair = "build the trainer with what it was saved with"
        raise OptionError("Trainer.resume", f"beside the model {saved}", str(built), repair)
    modules = {"model": trainer.model, **trainer.beside}
    before = {name: module.state_dict() for name, module in modules.items()}
    try:
        for name, module in modules.items():
            module.load_state_dict(state["model"] if name == "model" else state["beside"][name])
        trainer.optimizer.load_state_dict(state["optimizer"])
    except Exception:
        for name, module in modules.items():
            module.load_state_dict(before[name])
        raise
    trainer.epoch, trainer.history = state["epoch"], History(state["history"])
    trainer.rng_states, trainer.stopped, trainer.resumed = state["rngs"], state["stopped"], True
    for name, callback in _named(trainer.callbacks):
        if name in state["callbacks"]:
            callback.load_state_dict(state["callbacks"][name])


def _state(trainer: Trainer) -> dict[str, Any]:
    return {
        "model": trainer.model.state_dict(),
        "beside": {name: m.state_dict() for name, m in trainer.beside.items()},
        "kinds": _kinds(trainer),
        "optimizer": trainer.optimizer.state_dict(),
        "epoch": trainer.epoch,
        "stopped": trainer.stopped,
        "history": trainer.history.rows,
        "rngs": states_of(trainer.generators) | trainer.rng_states,
        "callbacks": {name: c.state_dict() for name, c in _named(trainer.callbacks)},
    }


def _kinds(trainer: Trainer) -> dict[str, str]:
    """The classes of the modules beside the model: a state alone does not tell them apart."""
    return {name: type(module).__name__ for name, module in trainer.beside.items()}


def _named(callbacks: list[Callback]) -> Iterator[tuple[str, Callback]]:
    """Each callback with its class and its number among those of that class."""
    seen: dict[str, int] = {}
    for callback in callbacks:
        kind = type(callback).__name__
        seen[kind] = seen.get(kind, -1) + 1
        yield f"{kind}.{seen[kind]}", callback
