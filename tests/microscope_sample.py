"""What the tests of the microscope's page share: pages opened, and tables taken out of them."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.microscope import Trace
from fusegrad.microscope.course import as_bits
from tests.test_report_browser import Visit

Table = dict[str, np.ndarray]

# Every column of every followed number, as text: base64 of the bytes of its floats.
ROWS = """(edits) => {
    const packed = (values) => {
        const bytes = new Uint8Array(Float64Array.from(values, Number).buffer);
        let text = "";
        for (const byte of bytes) text += String.fromCharCode(byte);
        return btoa(text);
    };
    return microscope.runs.map((run, at) => {
        microscope.change({ at, step: 0, edits: edits[run.name] || {}, error: "" });
        const rows = microscope.rows();
        const columns = microscope.program().columns.map(([key, node]) =>
            [key, packed(rows.map((row) => row[node]))]);
        return [run.name, { t: packed(run.t), ...Object.fromEntries(columns) }];
    });
}"""


@contextmanager
def shown(browser: Any, seen: Trace | Path, folder: Path, **options: Any) -> Iterator[Visit]:
    """The page of a recording, opened without a network; `tail` ends its address."""
    tail = options.pop("tail", "")
    path = seen if isinstance(seen, Path) else seen.save_html(folder / "trace.html")
    visit = Visit(browser, path.as_uri() + tail, **options)
    try:
        yield visit
    finally:
        visit.context.close()


def tables(page: Any, edits: Mapping[str, Mapping[str, float]] | None = None) -> Any:
    """What the page computes of every followed number, by its name."""
    return {
        name: {key: np.frombuffer(b64decode(text), "<f8") for key, text in columns.items()}
        for name, columns in page.evaluate(ROWS, edits or {})
    }


def recorded(seen: Trace) -> dict[str, Table]:
    """The same, from the recording."""
    return {
        log.name + (f"[{', '.join(map(str, i))}]" if i else ""): seen.table(log.name, i)
        for log in seen.followed
        for i in log.indices
    }


def differing(found: Mapping[str, Table], wanted: Mapping[str, Table]) -> list[str]:
    """Cells that are not the same bit for bit, every nan one: where, found and wanted."""
    assert list(found) == list(wanted)
    cells = []
    for name, table in wanted.items():
        assert list(found[name]) == list(table), name
        for key, x in table.items():
            y = found[name][key]
            assert y.shape == x.shape, (name, key)
            for k in np.flatnonzero(as_bits(x) != as_bits(y)):
                cells.append(f"{name} {key} t={table['t'][k]:g}: {y[k]!r}, not {x[k]!r}")
    return cells


def stepped(optimizer: Any, p: fg.Tensor, gradients: Sequence[Any]) -> None:
    """Step on given gradients, each for all elements or one each."""
    for g in gradients:
        p.grad = fg.Tensor(np.broadcast_to(np.asarray(g), p.shape).copy(), dtype=p.dtype)
        optimizer.step()


def leaf(values: Any, name: str, dtype: Any = np.float64) -> fg.Tensor:
    return fg.Tensor(np.asarray(values, dtype), requires_grad=True, name=name)


def many_steps(steps: int = 1_000) -> Trace:
    """Adam on two numbers, in Rosenbrock's valley with noise: what limits are said of."""
    rng, p = np.random.default_rng(0), leaf([-1.2, 1.0], "p")
    adam = fg.optim.Adam([p], lr=0.01)
    with fg.microscope.trace(title="Many steps") as seen:
        for _ in range(steps):
            x, y = p.numpy()
            g = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]
            stepped(adam, p, [g + 0.1 * rng.standard_normal(2)])
    return seen
