"""How the gradient divides between the branches of the fused network."""

from collections.abc import Mapping, Sequence

from ..multimodal import FlowRecord
from .facts import branches, colours, fused_run, merged, silent, thinned
from .figure import panel, panels, prose
from .markup import Html, disclosure, join, table
from .record import Result
from .svg import Chart, Line, suits_log
from .wording import decimal, finite, listing, significant

TITLES = {
    "share": "Share of the gradient",
    "update_share": "Share of the update",
    "norm": "Gradient norm at the fusion point",
    "update": "Update-to-weight ratio",
}
SHARES, UPDATES = ("share", "update_share"), ("update_share", "update")
READING = (
    "Every step sends the loss gradient back through the fusion point into each branch. "
    "The share shows who is being taught: a branch whose band shrinks is hardly taught any "
    "more, even where it could still add something. The share of the update is what the "
    "optimizer made of it: under Adam a branch can move as far as before on a gradient that "
    "has nearly gone. The norm shows how hard the loss pulls. "
    "The update ratio shows how far the optimizer then moved the weights relative to their "
    "size; about 0.001 is a rule of thumb, and an adaptive optimizer can keep it up while "
    "the norm falls."
)


def flow(result: Result) -> Html:
    """Shares, norm and update ratio over the steps of the fused run."""
    run = fused_run(result)
    if run is None or not run.flow:
        return Html("")
    return flow_of(run.flow, colours(result))


def flow_of(records: Sequence[FlowRecord], paint: Mapping[str, str]) -> Html:
    """The same of records alone, in a colour for each branch."""
    points = thinned(records)
    drawn = panels([panel(_chart(points, field, paint)) for field in _drawn(records)])
    size = -(-len(records) // len(points))
    note = f"Each point is the mean of {size} measured steps." if size > 1 else ""
    more = disclosure("Figures by step", _figures(points))
    return join([prose(READING), prose(_closing(records), note), drawn, more])


def _drawn(flow: Sequence[FlowRecord]) -> list[str]:
    """What can be shown: branches without weights, as of early fusion, are never updated."""
    moves = any(any(point.update.values()) for point in flow)
    return [field for field in TITLES if moves or field not in UPDATES]


def _chart(points: Sequence[FlowRecord], field: str, paint: Mapping[str, str]) -> Chart:
    names = branches(points)
    values = {name: [_value(p, field, name) for p in points] for name in names}
    lines = [Line(name, paint[name], values[name]) for name in names]
    x, title = [point.step for point in points], TITLES[field]
    if field in SHARES:
        return Chart(title, "step", x, lines, (0.0, 1.0), stacked=True)
    log = suits_log([v for line in lines for v in line.values], 20)
    seen = [v for line in lines for v in line.values if finite(v)]
    span = (0.0, max(seen)) if seen and not log else None
    return Chart(title, "step", x, lines, span, log)


def _value(point: FlowRecord, field: str, name: str) -> float:
    return float(getattr(point, field).get(name, float("nan")))


def _closing(flow: Sequence[FlowRecord]) -> str:
    """Who received the gradient in the first and in the last tenth of the steps."""
    size = max(1, len(flow) // 10)
    first, last = merged(flow[:size]), merged(flow[-size:])
    parts = [
        f"{name} {decimal(first.share.get(name), 2)} → {decimal(last.share.get(name), 2)}"
        for name in branches(flow)
    ]
    mute = silent(flow)
    named = f" No gradient reached {listing(mute)} in any step." if mute else ""
    return f"Share in the first and the last tenth of the steps: {listing(parts)}.{named}"


def _figures(points: Sequence[FlowRecord]) -> Html:
    columns = [(name, field) for field in TITLES for name in branches(points)]
    head = ["Step", *(f"{name} {field.replace('_', ' ')}" for name, field in columns)]
    rows = ([str(p.step), *(significant(_value(p, f, n)) for n, f in columns)] for p in points)
    return table("Per branch: shares, norm and update-to-weight ratio", head, rows)
