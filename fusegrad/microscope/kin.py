"""The other formulas that go by an optimizer's name, and who computes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..engine import Tensor
from ..kernels.program import Program
from ..optim import Optimizer
from ..optim.adam import Adam
from ..optim.decay import decayed
from ..optim.dialects import DIALECTS, Dialect
from ..optim.dialects.variants import AdamInside, AdamUncorrected
from ..optim.settings import letters

USERS = {"paper": "its paper", "torch": "PyTorch", "keras": "Keras", "optax": "optax"}
MOMENTS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
DECAY = {**MOMENTS, "weight_decay": 1e-2}
RELATED = {"adam": ("amsgrad", "adamw")}  # what is set beside an algorithm


class Kin(NamedTuple):
    """A formula under a name: who computes it, what is different, and what it starts with."""

    title: str
    used: str
    says: str
    program: Program
    scalars: Mapping[str, float]
    start: Mapping[str, float]


def kin(optimizer: type[Optimizer]) -> tuple[Kin, ...]:
    """Everything that goes by the names that an optimizer goes by, each formula once; nothing
    for a rule that no library has."""
    if optimizer not in _known:
        _known[optimizer] = _found(optimizer)
    return _known[optimizer]


_known: dict[type[Optimizer], tuple[Kin, ...]] = {}


def _found(optimizer: type[Optimizer]) -> tuple[Kin, ...]:
    names = dict.fromkeys(a for (a, _), d in DIALECTS.items() if d.optimizer is optimizer)
    every = [x for name in names for a in (name, *RELATED.get(name, ())) for x in _of(a)]
    every += _more_adams() if "adam" in names else []
    found = {one.program: one for one in reversed(every)}
    return tuple(found[p] for p in dict.fromkeys(one.program for one in every))


def _of(algorithm: str) -> Iterator[Kin]:
    rows = [(lib, d) for (a, lib), d in DIALECTS.items() if a == algorithm]
    for made in dict.fromkeys(d.optimizer for _, d in rows):
        of_it = [(lib, d) for lib, d in rows if d.optimizer is made]
        used = ", ".join(USERS[lib] for lib, _ in of_it)
        yield _kin(made.__name__, used, _says(of_it), made, of_it[0][1].settings)


def _says(rows: Sequence[tuple[str, Dialect]]) -> str:
    """What is said of one formula; by whom, where they do not say the same."""
    said = dict.fromkeys(d.says for _, d in rows)
    if len(said) == 1:
        return rows[0][1].says
    return "; ".join(f"{USERS[lib]}: {d.says}" for lib, d in rows)


def _more_adams() -> list[Kin]:
    inside, bare = "eps under the corrected root", "no bias correction"
    l2 = _kin(
        "Adam with L2", "PyTorch (weight_decay)", "decay inside the gradient", Adam, DECAY
    )
    return [
        _kin("Adam, eps inside", "optax (eps_root)", inside, AdamInside, MOMENTS),
        _kin("Adam, uncorrected", "BERT's reference code", bare, AdamUncorrected, MOMENTS),
        l2._replace(program=decayed(Adam.update).program),
    ]


def _kin(
    title: str, used: str, says: str, made: type[Optimizer], settings: Mapping[str, Any]
) -> Kin:
    optimizer = made([Tensor(0.0, requires_grad=True)], **settings)
    known = letters(optimizer.defaults)
    says += f"; decay {known['lam']:g}" if known.get("lam") else ""
    starts = {
        n: settings.get(start, 0.0) if isinstance(start, str) else start
        for n, start in made.starts.items()
    }
    states = {n: float(starts.get(n, 0.0)) for n in made.state_names}
    host = {n: float(starts[n]) for n in made.update.program.host_names}
    return Kin(title, used, says, made.update.program, known | host, states)
