"""The sections that compare the networks: results, learning, settings."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from .facts import best_epoch, chance, colours, curve, epochs, fused_run, is_fused
from .figure import panel, panels, prose
from .markup import Html, disclosure, join, table, tag
from .record import Epoch, Result, Run
from .svg import Chart, Line, suits_log
from .wording import count, decimal, finite, listing, spelled

LOSSES = {"val_loss": "Validation loss, nats", "train_loss": "Training loss, nats"}
Draw = Callable[[str, Run], Line]
HEAD = ("Network", "Optimizer", "Test accuracy", "Test loss, nats", "Seconds", "Parameters")


def results(result: Result) -> Html:
    """A row per network, the accuracy also as a bar."""
    if not result.runs:
        return Html("")
    base = chance(result)
    rows = join((_result_row(result, run, base) for run in result.runs), "\n")
    top = tag("tr", *(tag("th", cell, scope="col", role="columnheader") for cell in HEAD))
    body = [tag("thead", top, role="rowgroup"), tag("tbody", rows, role="rowgroup")]
    title = tag("caption", f"Every network on the same held-out {result.noun}")
    # Roles are spelled out: the narrow layout turns rows into blocks.
    return join([tag("table", title, *body, class_="results", role="table"), _base(base)])


def learning(result: Result) -> Html:
    """Accuracy and losses per epoch, the two losses on one scale."""
    runs = [run for run in result.runs if run.epochs]
    if not runs:
        return Html("")
    x = epochs(runs)
    draw = partial(_line, colours(result), x)
    charts = [_accuracy_chart(draw, runs, x), *_loss_charts(draw, runs, x)]
    drawn = panels([panel(chart) for chart in charts])
    return join([prose(_turning(runs)), drawn, disclosure("Figures by epoch", _epochs(runs))])


def settings(result: Result) -> Html:
    """What has to be repeated to get the same numbers."""
    parts: dict[str, Mapping[str, object]] = {
        "Settings": result.settings,
        "Environment": result.environment,
    }
    tables = [_pairs(name, values) for name, values in parts.items() if values]
    return tag("div", *tables, class_="pair") if tables else Html("")


def notes(result: Result) -> Html:
    """Remarks of the run itself."""
    items = [tag("li", note) for note in result.notes]
    return tag("ul", *items, class_="notes") if items else Html("")


def _result_row(result: Result, run: Run, base: float | None) -> Html:
    colour = colours(result)[run.name]
    strong = "strong" if run is fused_run(result) else None
    values = [
        run.optimizer,
        _bar(run.test_accuracy, base),
        decimal(run.test_loss, 3),
        decimal(run.seconds, 1),
        count(run.parameters),
    ]
    cells = [tag("td", v, data_label=h, role="cell") for h, v in zip(HEAD[1:], values)]
    name = tag("th", tag("i", class_="dot"), run.name, scope="row", role="rowheader")
    return tag("tr", name, *cells, class_=strong, role="row", style=f"--c:{colour}")


def _bar(value: float | None, base: float | None) -> Html:
    number = tag("span", decimal(value, 3), class_="number")
    if value is None or not finite(value):
        return number
    mark = tag("i", class_="base", style=f"left:{base:.1%}") if base is not None else ""
    fill = tag("i", class_="fill", style=f"width:{value:.1%}")
    return join([number, tag("span", fill, mark, class_="bar", aria_hidden="true")])


def _base(base: float | None) -> Html:
    if base is None:
        return Html("")
    text = f"The thin mark at {base:.2f}: always answering the largest group."
    return tag("p", text, class_="aside")


def _turning(runs: Sequence[Run]) -> str:
    """Where each network generalised best, and which got worse after it."""
    best = {run.name: epoch for run in runs if (epoch := best_epoch(run))}
    parts = [f"{name} {e.val_loss:.3f} at epoch {e.epoch}" for name, e in best.items()]
    if not parts:
        return "No network had a finite validation loss."
    worse = [r.name for r in runs if r.name in best and _rises(r, best[r.name])]
    tail = f" Afterwards it rises for {listing(worse)}: overfitting." if worse else ""
    return f"Lowest validation loss (ringed): {listing(parts)}.{tail}"


def _rises(run: Run, best: Epoch) -> bool:
    last = run.epochs[-1].val_loss
    return finite(last) and last > 1.03 * best.val_loss


def _line(paint: dict[str, str], x: Sequence[int], field: str, run: Run) -> Line:
    best = best_epoch(run) if field == "val_loss" else None
    mark = list(x).index(best.epoch) if best else None
    strong = is_fused(run)
    return Line(run.name, paint[run.name], curve(run, field, x), strong, "", mark)


def _accuracy_chart(draw: Draw, runs: Sequence[Run], x: Sequence[int]) -> Chart:
    lines = [draw("val_accuracy", run) for run in runs]
    return Chart("Validation accuracy", "epoch", x, lines, (0.0, 1.0))


def _loss_charts(draw: Draw, runs: Sequence[Run], x: Sequence[int]) -> list[Chart]:
    lines = {field: [draw(field, run) for run in runs] for field in LOSSES}
    seen = [v for group in lines.values() for line in group for v in line.values if finite(v)]
    log = suits_log(seen, 200)
    low = min(seen, default=0.0) if log else min(0.0, *seen, 0.0)
    span = (low, max(seen)) if seen else None
    return [Chart(t, "epoch", x, lines[f], span, log) for f, t in LOSSES.items()]


def _epochs(runs: Sequence[Run]) -> Html:
    kinds = ("train", "val", "acc")
    head = ["Epoch", *(f"{run.name} {kind}" for run in runs for kind in kinds)]
    fields = ("train_loss", "val_loss", "val_accuracy")
    x = epochs(runs)
    columns = [curve(run, field, x) for run in runs for field in fields]
    rows = ([str(e), *(decimal(c[i], 3) for c in columns)] for i, e in enumerate(x))
    return table("Losses in nats; acc is validation accuracy", head, rows)


def _pairs(name: str, values: Mapping[str, object]) -> Html:
    rows = [[key, spelled(value)] for key, value in values.items()]
    return table(name, ["Name", "Value"], rows)
