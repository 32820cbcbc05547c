"""The random generators of a training run: found, saved and set again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..kernels import OptionError
from ..nn import Module
from ..nn.tree import leaves

Generators = dict[str, np.random.Generator]


def of(
    models: Mapping[str, Module], loaders: Mapping[str, Any], more: Generators
) -> Generators:
    """Those that modules hold, those of the loaders, and those named by hand, each kind with
    names of its own. One that is shared stands under each of its names."""
    found = {
        f"{prefix}.{name}": rng
        for prefix, model in models.items()
        for name, rng in leaves(model, np.random.Generator, "", False)
    }
    for name, loader in loaders.items():
        if isinstance(rng := getattr(loader, "rng", None), np.random.Generator):
            found[name] = rng
    return found | {f"rngs.{name}": rng for name, rng in more.items()}


def states_of(generators: Generators) -> dict[str, Any]:
    """Where each generator stands."""
    return {name: rng.bit_generator.state for name, rng in generators.items()}


def set_states(generators: Generators, states: Mapping[str, Any]) -> None:
    """Put every generator where it stood. Those without a state stay where they are.

    Raises: OptionError where one is missing, or is of another kind; none is changed then.
    """
    kinds = {name: type(rng.bit_generator).__name__ for name, rng in generators.items()}
    wanted = {name: state["bit_generator"] for name, state in states.items()}
    for name, kind in wanted.items():
        if kinds.get(name) != kind:
            expected, got = f"a generator {name} of {kind}", str(kinds.get(name, "none"))
            repair = "build model and loaders as they were saved"
            raise OptionError("Trainer.fit", expected, got, repair)
    for name, state in states.items():
        generators[name].bit_generator.state = state
