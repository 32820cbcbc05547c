"""Optimizers on the same network from the same start."""

from collections.abc import Iterator, Sequence

from .facts import curve, epochs
from .figure import panel, panels, prose
from .markup import Html, disclosure, join, table, tag
from .palette import optimizers
from .record import Result, Run
from .svg import Chart, Line, suits_log
from .wording import count, decimal, finite, listing, spelled

HEAD = ("Optimizer", "Last training loss, nats", "Test accuracy", "Seconds")
RATES = ("lr", "learning_rate", "rate")


def race(result: Result) -> Html:
    """The curves of every optimizer beside the terms they raced under."""
    runs = [run for run in result.race if run.epochs]
    if not runs:
        return Html("")
    charts = [panel(_losses(runs)), panel(_accuracies(runs)), _card(result, runs)]
    return join([prose(_order(runs)), panels(charts), _figures(runs), _by_epoch(runs)])


def _names(runs: Sequence[Run]) -> list[str]:
    """The optimizer, or the run where two runs share an optimizer."""
    kinds = [run.optimizer for run in runs]
    return kinds if len(set(kinds)) == len(kinds) else [run.name for run in runs]


def _losses(runs: Sequence[Run]) -> Chart:
    """Training loss by epoch, from the loss of the untouched network where known."""
    lines = _lines(runs, "train_loss")
    x: Sequence[int] = epochs(runs)
    if any(finite(run.start_loss) for run in runs) and 0 not in x:
        x = [0, *x]
        starts = [_start(run) for run in runs]
        lines = [_led(line, start) for line, start in zip(lines, starts)]
    seen = [v for line in lines for v in line.values if finite(v)]
    return Chart("Training loss, nats", "epoch", x, lines, log=suits_log(seen, 10))


def _accuracies(runs: Sequence[Run]) -> Chart:
    lines = _lines(runs, "val_accuracy")
    return Chart("Validation accuracy", "epoch", epochs(runs), lines, (0.0, 1.0))


def _lines(runs: Sequence[Run], field: str) -> list[Line]:
    names, x = _names(runs), epochs(runs)
    paint = optimizers(names)
    values = [curve(run, field, x) for run in runs]
    return [Line(n, paint[n][0], v, dash=paint[n][1]) for n, v in zip(names, values)]


def _led(line: Line, start: float) -> Line:
    return Line(line.name, line.colour, [start, *line.values], dash=line.dash)


def _start(run: Run) -> float:
    return run.start_loss if run.start_loss is not None else float("nan")


def _order(runs: Sequence[Run]) -> str:
    pairs = list(zip(_names(runs), runs))
    done = [(run.epochs[-1].train_loss, name) for name, run in pairs]
    ranked = sorted(pair for pair in done if finite(pair[0]))
    diverged = [name for loss, name in done if not finite(loss)]
    parts = [f"{name} {loss:.3f}" for loss, name in ranked]
    order = f"Training loss after the last epoch, lowest first: {listing(parts)}."
    lost = f"{listing(diverged)} did not stay finite." if diverged else ""
    fair = "A low training loss alone does not say that an optimizer generalises better."
    return " ".join(part for part in (order if parts else "", lost, fair) if part)


def _card(result: Result, runs: Sequence[Run]) -> Html:
    """Everything that has to be equal for the race to be fair, and what was not."""
    terms = [part for name, value in _terms(result, runs) for part in _term(name, value)]
    heading = tag("h3", "Fairness card")
    return tag("aside", heading, tag("dl", *terms), class_="card")


def _term(name: str, value: str) -> tuple[Html, Html]:
    return tag("dt", name), tag("dd", value)


def _terms(result: Result, runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    yield "Shared seed", _setting(result, "seed")
    yield "Start loss, nats", _shared(runs, [decimal(run.start_loss, 4) for run in runs])
    yield "Epochs", _shared(runs, [str(len(run.epochs)) for run in runs])
    yield "Batch size", _setting(result, "batch")
    yield "Parameters", _shared(runs, [count(run.parameters) for run in runs])
    yield "Learning rates", _rates(result, runs)


def _shared(runs: Sequence[Run], values: Sequence[str]) -> str:
    """One value when all runs agree, else the value of every run."""
    if len(set(values)) == 1:
        return f"{values[0]} for all"
    return "not equal: " + "; ".join(f"{n} {v}" for n, v in zip(_names(runs), values))


def _setting(result: Result, word: str) -> str:
    found = (str(v) for key, v in result.settings.items() if word in key.lower())
    return next(found, "not recorded")


def _rates(result: Result, runs: Sequence[Run]) -> str:
    """From the formulas' own lines when they are there, else from the settings."""
    lines = {formula.name.lower(): formula.where for formula in result.formulas}
    stated = [f"{n}: {lines[n.lower()]}" for n in _names(runs) if n.lower() in lines]
    keys = [key for key in result.settings if any(word in key.lower() for word in RATES)]
    named = [f"{key}: {spelled(result.settings[key])}" for key in keys]
    return "; ".join(named or stated) or "not recorded"


def _figures(runs: Sequence[Run]) -> Html:
    pairs = zip(_names(runs), runs)
    rows = [[n, decimal(r.epochs[-1].train_loss, 4), *_rest(r)] for n, r in pairs]
    return tag("div", table("Where every optimizer ended", HEAD, rows), class_="scroll")


def _rest(run: Run) -> tuple[str, str]:
    return decimal(run.test_accuracy, 3), decimal(run.seconds, 1)


def _by_epoch(runs: Sequence[Run]) -> Html:
    x, lines = epochs(runs), _lines(runs, "train_loss")
    rows = ([str(e), *(decimal(line.values[i], 4) for line in lines)] for i, e in enumerate(x))
    body = table("Training loss, nats", ["Epoch", *(line.name for line in lines)], rows)
    return disclosure("Figures by epoch", body)
