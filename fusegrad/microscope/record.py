"""What a block recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels import OptionError
from ..multimodal import FlowRecord
from ..optim.explain import Explanation, explanation
from .badge import Badge, badges
from .columns import columns
from .course import Course
from .export import chosen, to_dot, to_svg
from .flow import Flows
from .names import Names
from .page import page
from .passes import Pass
from .steps import Followed, StepLog


class Trace:
    """The passes and steps of a block, by what things are called."""

    def __init__(
        self, title: str, passes: list[Pass], steps: StepLog, names: Names, flows: Flows
    ) -> None:
        self.title, self.passes, self.names = title, passes, names
        self._steps, self._flows = steps, flows

    @property
    def followed(self) -> list[Followed]:
        """The followed elements of every parameter that stepped."""
        return [log for log in self._steps.followed.values() if log.t]

    @property
    def flow(self) -> list[FlowRecord]:
        """What reached each branch of the fused network that trained, step by step, from its
        second step on; empty where none did."""
        return self._flows.records

    def parameter(self, name: str) -> Followed:
        """What is known of a parameter. Raises: OptionError for one that never stepped."""
        for log in self.followed:
            if log.name == name:
                return log
        known = ", ".join(self._steps.stepped) or "none did"
        raise OptionError("Trace", f"a parameter that stepped: {known}", repr(name), "name one")

    def at(self, name: str, index: Any = (), *, t: int) -> Explanation:
        """A step of one element as a record of every number, as `Optimizer.explain` gives it.

        Raises: OptionError for an element that is not followed, or a step that was not seen.
        """
        log = self.parameter(name)
        place, k = log.place(index), log.row(t)
        before = {n: x[place : place + 1] for n, x in log.before[k].items()}
        return explanation(log.program, t, log.scalars[k], log.flushed[k], before)

    def table(self, name: str, index: Any = ()) -> dict[str, np.ndarray]:
        """Every quantity of the rule, step by step, for one element: t, then the columns of
        the rule in the order in which it computes them. Shapes: (steps,) each.

        Raises: OptionError for an element that is not followed.
        """
        log = self.parameter(name)
        place, course = log.place(index), Course(log)
        shown = {c.key: course.element(c.node, place) for c in columns(log.program)}
        return {"t": np.array(log.t), **shown}

    def check(self) -> tuple[int, int]:
        """How many recorded steps equal, bit for bit, what their rule says; and of how many."""
        every = [course.equal for course in self._courses()]
        return int(sum(x.sum() for x in every)), sum(map(len, every))

    def badges(self) -> list[Badge]:
        """The vjp of every recorded op held against its values, by the complex step or by
        differences: computed now, about a millisecond an elementwise op; see `badge.badges`."""
        return [badge for one in self.passes for badge in badges(one)]

    @property
    def skipped(self) -> int:
        """How many steps an optimizer left out."""
        return self._steps.skipped

    def save_html(self, path: str | Path, *, arrays: int = 20_000) -> Path:
        """Write one page that needs nothing else: to scrub through every step, to edit settings
        and run the rule again, to see the graph and the way back. Of arrays with more than
        eight elements it holds at most `arrays` numbers.

        Raises: FileNotFoundError, OSError.
        """
        from ..lens.microscope import write_microscope

        return write_microscope(page(self, self._courses(), arrays), path)

    def to_dot(self, pass_number: int = 0) -> str:
        """The graph of a recorded pass as text for Graphviz, counted from 0.

        Raises: OptionError for a pass that was not recorded.
        """
        return to_dot(chosen(self.passes, pass_number, "Trace.to_dot"))

    def to_svg(self, pass_number: int = 0, *, view: str = "") -> str:
        """The graph of a recorded pass as a picture: what its page shows first, or the view of
        a title there, as of a module.

        Raises: OptionError for a pass, or a view, that is not there.
        """
        return to_svg(chosen(self.passes, pass_number, "Trace.to_svg"), view)

    def check_names(self, asked: Mapping[str, Any]) -> None:
        """Refuse names that never stepped. Raises: OptionError."""
        for name in asked:
            self.parameter(name)

    def _courses(self) -> list[Course]:
        return [Course(log) for log in self.followed]

    def _repr_html_(self) -> str:
        from .notebook import html

        return html(self)

    def __repr__(self) -> str:
        logs = self.followed
        count = sum(len(log.flat) for log in logs)
        kinds = ", ".join(dict.fromkeys(type(log.optimizer).__name__ for log in logs))
        steps = max((len(log.t) for log in logs), default=0)
        parts = [f"{_many(len(logs), 'parameter')}, {_many(count, 'element')}"]
        parts[0] += f", {_many(steps, 'step')} of {kinds}" if logs else ""
        ops = sum(len(one.ops) for one in self.passes)
        parts += [f"{_many(len(self.passes), 'pass', 'es')} of {_many(ops, 'op')}"]
        return f"Trace({'; '.join(parts)})"


def _many(count: int, noun: str, plural: str = "s") -> str:
    return f"{count:,} {noun}{'' if count == 1 else plural}"
