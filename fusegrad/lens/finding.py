"""The one sentence a reader takes away, computed and never embellished."""

from collections.abc import Sequence

from .facts import fused_run, held_out, measured, standard_error
from .record import Result, Run
from .wording import count, finite, listing


def finding(result: Result) -> str:
    """Which network was best on the held-out rows, or why that is unknown."""
    early = "Stopped early. " if result.stopped else ""
    ranked = sorted(measured(result), key=lambda run: -_accuracy(run))
    if not ranked:
        return early + _without_test(result)
    return f"{early}{_compared(result, ranked)} on {_held_out(result, ranked)}."


def caution(result: Result) -> str:
    """How far the lead of the first over the second stands above chance; may be empty."""
    ranked = sorted(measured(result), key=lambda run: -_accuracy(run))[:2]
    number = max((held_out(run) for run in ranked), default=0)
    if len(ranked) < 2 or not number:
        return ""
    first, second = map(_accuracy, ranked)
    if first == second:
        return ""
    error = standard_error(ranked[0], ranked[1], number)
    lead = f"{ranked[0].name} leads {ranked[1].name} by {first - second:.3f}"
    return f"{_capital(lead)}, {_verdict(first - second, error)}."


def _verdict(lead: float, error: float) -> str:
    if not error:
        return "and no error bar can be given where every answer is alike"
    times = f"{lead / error:.1f} standard errors of a difference ({error:.3f})"
    if lead > 2 * error:
        return f"{times}: more than chance would explain"
    return f"{times}: another seed or split could turn it round"


def _compared(result: Result, ranked: Sequence[Run]) -> str:
    fused, others = fused_run(result), list(ranked)
    if fused is None or fused not in ranked or len(ranked) == 1:
        return _capital(listing([_scored(run, ranked) for run in ranked]) + _unknown(result))
    others.remove(fused)
    rest = listing([_scored(run, ranked) for run in others])
    best, own = _accuracy(others[0]), _accuracy(fused)
    if own > best:
        return _capital(f"{_scored(fused, ranked)} beats {rest}")
    if own == best:
        return f"Fusion did not help: {_scored(fused, ranked)} against {rest}"
    winners = _winners(fused, ranked)
    return f"Fusion did not win: {_scored(fused, ranked)} stays behind {winners}"


def _unknown(result: Result) -> str:
    """Names the networks that have no accuracy to compare."""
    known = measured(result)
    names = [run.name for run in result.runs if run not in known]
    return f" (without a finite accuracy: {listing(names)})" if names else ""


def _winners(fused: Run, ranked: Sequence[Run]) -> str:
    ahead = [run for run in ranked if _accuracy(run) > _accuracy(fused)]
    after = [run for run in ranked if run not in ahead and run is not fused]
    tail = f", with {listing([_scored(run, ranked) for run in after])}" if after else ""
    return listing([_scored(run, ranked) for run in ahead]) + tail


def _scored(run: Run, ranked: Sequence[Run]) -> str:
    """Two decimals, or more where two would hide a difference."""
    exact = {_accuracy(other) for other in ranked}
    places = next((p for p in (2, 3) if len({round(v, p) for v in exact}) == len(exact)), 4)
    return f"{run.name} {_accuracy(run):.{places}f}"


def _held_out(result: Result, ranked: Sequence[Run]) -> str:
    number = max(held_out(run) for run in ranked)
    return f"{count(number) if number else 'the'} held-out {result.noun}"


def _without_test(result: Result) -> str:
    seen = [(run, run.epochs[-1].val_accuracy) for run in result.runs if run.epochs]
    known = [f"{run.name} {value:.2f}" for run, value in seen if finite(value)]
    if not known:
        return "No accuracy was measured."
    return f"No test accuracy was measured; last on validation: {listing(known)}."


def _accuracy(run: Run) -> float:
    return float(run.test_accuracy or 0.0)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
