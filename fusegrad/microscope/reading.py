"""A page read back: its rules as programs, its runs as rows of numbers, to the last bit."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..kernels import OptionError
from ..kernels.node import Node
from ..kernels.program import Program
from ..kernels.vocabulary import WORDS
from ..optim.walk import walked

MARK = ('<script type="application/json" id="book">', "</script>")


@dataclass
class Page:
    """What a page holds: its title, its rules, and the runs of followed parameters."""

    title: str
    programs: list[Program]
    columns: list[list[tuple[str, int]]]  # key and node of every column, for each program
    runs: list[dict[str, Any]]
    passes: list[dict[str, Any]]
    flow: dict[str, Any] | None

    def names(self) -> list[str]:
        """Every followed element: `w[0, 1]`."""
        return [named(run, e) for run in self.runs for e in run["elements"]]

    def table(self, name: str) -> dict[str, np.ndarray]:
        """Every quantity of a followed element, step by step. Raises: OptionError."""
        for run in self.runs:
            for element in run["elements"]:
                if named(run, element) == name:
                    return self._rows(run, element)
        known = ", ".join(self.names()[:8]) or "none"
        raise OptionError("show", f"a number of this page: {known}", repr(name), "choose one")

    def _rows(self, run: dict[str, Any], element: dict[str, Any]) -> dict[str, np.ndarray]:
        program = self.programs[run["program"]]
        columns = self.columns[run["program"]]
        rows = list(_replay(program, run, element))
        found = {key: np.array([np.ravel(row[k])[0] for row in rows]) for key, k in columns}
        return {"t": np.array(run["t"]), **found}


def read(path: str | Path) -> Page:
    """What `Trace.save_html` wrote. Raises: OSError; OptionError for another file."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    start, end = text.find(MARK[0]), text.find(MARK[1], text.find(MARK[0]))
    if start < 0 or "followed" not in text[start:end]:
        expected, repair = "a page that save_html wrote", "record one: fusegrad trace SCRIPT"
        raise OptionError("show", expected, str(path), repair)
    book = json.loads(text[start + len(MARK[0]) : end])
    return Page(
        book["title"],
        [_program(one) for one in book["programs"]],
        [[(key, node) for key, node, *_ in one["columns"]] for one in book["programs"]],
        book["followed"],
        book["passes"],
        book.get("flow"),
    )


def named(run: dict[str, Any], element: dict[str, Any]) -> str:
    """What an element is called."""
    index = element["index"]
    return f"{run['name']}[{', '.join(map(str, index))}]" if index else str(run["name"])


def floats(text: str) -> np.ndarray:
    """Base64 of the bytes of floats as an array."""
    return np.frombuffer(b64decode(text), "<f8")


def _program(one: dict[str, Any]) -> Program:
    nodes: list[Node] = []
    for number, (word, *args) in enumerate(one["nodes"]):
        if word in ("element", "scalar", "constant"):
            nodes.append(Node(word, args[0], (), number))
        else:
            nodes.append(Node(WORDS[word], None, tuple(nodes[a] for a in args), number))
    inputs = tuple(n.value for n in nodes if n.name == "element")
    scalars = tuple(n.value for n in nodes if n.name == "scalar")
    names = {nodes[int(k)]: name for k, name in one["names"].items()}
    names |= {nodes[k]: name for name, k in one["outputs"]}
    outputs = tuple(nodes[k] for _, k in one["outputs"])
    return Program(one["name"], inputs, scalars, outputs, names)


def _replay(program: Program, run: dict[str, Any], element: dict[str, Any]) -> Any:
    """The values of every node by number, for each step."""
    kind = np.dtype(run["dtype"]).type
    at = {node: k for k, node in enumerate(program.nodes)}
    state = {name: floats(x)[0] for name, x in element["start"].items()}
    given = {name: floats(x) for name, x in element["given"].items()}
    varying = {name: floats(x) for name, x in run["varying"].items()}
    for k, t in enumerate(run["t"]):
        state |= {name: floats(x)[0] for name, x in element["jumps"].get(str(k), {}).items()}
        now = {**state, **{name: values[k] for name, values in given.items()}}
        arrays = {name: np.array([now[name]], kind) for name in program.inputs}
        scalars = {**run["scalars"], **{n: float(x[k]) for n, x in varying.items()}, "t": t}
        flushes = run["flushes"]
        is_list = isinstance(flushes, list)
        found = walked(program, arrays, scalars, flushes[k] if is_list else flushes)
        outputs = zip(program.stored, program.outputs, strict=True)
        state |= {name: np.ravel(found[node])[0] for name, node in outputs if name}
        yield {at[node]: x for node, x in found.items()}
