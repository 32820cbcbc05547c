"""One step: which tensors share a launch, and, where a step may be left out, whether it was
sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..engine import Tensor
from ..engine.sparse import SparseRows
from ..kernels import DTypeError, OptionError, ShapeError, Update
from ..kernels.finite import not_finite
from ..kernels.locking import opened
from .memory import Work

if TYPE_CHECKING:
    from .optimizer import Optimizer


class Launch(NamedTuple):
    """Parameters of one age, dtype and device: as a rule, a whole group."""

    update: Update
    scalars: dict[str, float]
    works: list[Work]
    t: int

    def run(self) -> dict[str, float]:
        """Renew all arrays; gives what the host is to remember."""
        names, renewed = self.update.program.inputs, self.update.renewed
        tensors = [work.inputs(names, renewed) for work in self.works]
        with opened([work.arrays["theta"] for work in self.works]):  # locked against others
            return self.update(tensors, **self.scalars)

    def is_finite(self) -> bool:
        """Whether all that a commit would write is a number."""
        arrays = [a for work in self.works for a in work.outcome(self.update.renewed)]
        return all([not_finite(a) < 0 for a in arrays])

    def commit(self, host: Mapping[str, float]) -> None:
        """Make it the state of the optimizer."""
        for work in self.works:
            work.commit(self.update.renewed)
            work.state.update(step=self.t, **host)


def check_gradients(optimizer: Optimizer) -> None:
    """Refuse gradients that no parameter can take, before anything moves.

    Raises: DTypeError, ShapeError, OptionError.
    """
    where = type(optimizer).__name__
    for group in optimizer.param_groups:
        for p in _moving(group):
            if not isinstance(p.grad, (Tensor, SparseRows)):
                got, repair = type(p.grad).__name__, "set grad = Tensor(...)"
                raise DTypeError(where, "a Tensor or SparseRows as gradient", got, repair)
            if p.grad.shape != p.shape:
                expected, repair = f"a gradient of shape {p.shape}", "let backward fill grad"
                raise ShapeError(where, expected, str(p.grad.shape), repair)
            if isinstance(p.grad, SparseRows):
                _check_rows(where, optimizer, group)


def _check_rows(where: str, optimizer: Optimizer, group: Mapping[str, Any]) -> None:
    update = optimizer.update_of(group)
    if not optimizer.row_by_row or update is not optimizer.update:
        raise OptionError(
            where,
            "a dense gradient, since every row moves or fades at every step",
            "SparseRows",
            "pass gradient.dense(), or take SGD, Adagrad or LazyAdam without weight decay",
        )


def _moving(group: Mapping[str, Any]) -> list[Any]:
    """The parameters of a group that have a gradient and are not frozen."""
    return [p for p in group["params"] if p.grad is not None and p.requires_grad]


def launches(optimizer: Optimizer, apart: bool = False) -> Iterator[Launch]:
    """The launches of one step."""
    names = optimizer.host_names
    for group in optimizer.param_groups:
        together: dict[tuple[Any, ...], list[Work]] = {}
        for p in _moving(group):
            state = optimizer.state_of(p, group)
            work = Work(p, state, optimizer.measured(p), apart)
            theta = work.own["theta"]
            host = tuple([state[name] for name in names]) if names else ()
            key = (state["step"] + 1, theta.dtype.char, theta.__class__, host)
            together.setdefault(key, []).append(work)
        for (t, _, _, host), works in together.items():
            known = dict(zip(names, host))
            scalars = scalars_at(optimizer, group, t, known)
            yield Launch(optimizer.update_of(group), scalars, works, t)


def scalars_at(
    optimizer: Optimizer, group: Mapping[str, Any], t: int, host: Mapping[str, float]
) -> dict[str, float]:
    """The scalars of the rule at step t."""
    known = {**optimizer.letters_at(group, t), **host, "t": t}
    return {name: known[name] for name in optimizer.update_of(group).program.scalars}


def take_step(optimizer: Optimizer) -> None:
    """Move every parameter that has a gradient; all of them, or, where `skip_non_finite` finds
    nan or inf in what would come of it, none."""
    if not optimizer.skip_non_finite:
        for launch in tuple(launches(optimizer)):  # all are sound before the first one runs
            launch.commit(launch.run())
        return
    tried = [(launch, launch.run()) for launch in tuple(launches(optimizer, apart=True))]
    if all([launch.is_finite() for launch, _ in tried]):
        for launch, host in tried:
            launch.commit(host)
    else:
        optimizer.skipped += 1


def tensors_of(groups: Sequence[Mapping[str, Any]]) -> list[Tensor]:
    """All parameters, in the order of their groups."""
    return [p for group in groups for p in group["params"]]
