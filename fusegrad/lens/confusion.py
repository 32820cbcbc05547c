"""Where the networks err: confusion matrix and recall per group."""

from collections.abc import Iterator, Sequence

from .facts import colours, fused_run, held_out, is_fused, recall
from .figure import prose
from .markup import Html, disclosure, join, scroller, table, tag
from .pictures import address, chosen
from .record import Result, Run
from .wording import decimal, label

ROW, LEFT, RIGHT, WIDTH = 34, 122, 14, 340


def confusion(result: Result) -> Html:
    """The matrix of the fused network, and what fusion changed in every group."""
    runs = [run for run in result.runs if held_out(run)]
    if not runs:
        return Html("")
    fused = fused_run(result)
    main = fused if fused in runs and fused is not None else runs[-1]
    seen = {address(example) for example in chosen(result.examples)}
    both = tag("div", _matrix(result, main, seen), _recalls(result, runs), class_="split")
    others = [_matrix(result, run, set()) for run in runs if run is not main]
    more = disclosure("Matrices of the other networks", *others) if others else Html("")
    lead = f"A number with a line under it leads to {result.noun}." if seen else ""
    return join([prose(_worst(result, main), lead), both, more])


def _worst(result: Result, run: Run) -> str:
    cells = [
        (number, i, j)
        for i, row in enumerate(run.confusion)
        for j, number in enumerate(row)
        if i != j and number
    ]
    if not cells:
        return f"The {run.name} network made no mistake on {held_out(run)} {result.noun}."
    number, i, j = max(cells)
    truth, guess = label(result.classes, i), label(result.classes, j)
    head = f"The most common mistake of the {run.name} network: {truth} taken for {guess}"
    return f"{head}, {number} of {sum(run.confusion[i])}. Each row is a true group."


def _matrix(result: Result, run: Run, seen: set[str]) -> Html:
    size = len(run.confusion)
    names = [label(result.classes, i) for i in range(size)]
    heads = [tag("th", tag("span", name), scope="col") for name in names]
    top = tag("tr", tag("td", "truth ↓ prediction →", class_="corner"), *heads)
    rows = [_cells(names, run.confusion, i, seen) for i in range(size)]
    counts = f"{run.name}: counts of {result.noun}, shaded by share of the row"
    caption = tag("caption", counts)
    grid = tag("table", caption, tag("thead", top), tag("tbody", *rows), class_="matrix")
    return scroller(f"Confusion matrix of {run.name}", grid)


def _cells(names: Sequence[str], counts: list[list[int]], i: int, seen: set[str]) -> Html:
    total = sum(counts[i]) or 1
    cells = []
    for j, number in enumerate(counts[i]):
        title = f"{names[i]} taken for {label(names, j)}: {number}"
        link = f"p{i}-{j}" if f"p{i}-{j}" in seen and number else ""
        cells.append(_cell(number, number / total, i == j, title, link))
    return tag("tr", tag("th", names[i], scope="row"), *cells)


def _cell(number: int, share: float, hit: bool, title: str, link: str) -> Html:
    # White on the heat colour reads better than ink only above this share.
    marks = {"hit": hit, "deep": share > 0.78, "nil": not number}
    kind = " ".join(name for name, holds in marks.items() if holds)
    text = tag("a", str(number), href=f"#{link}", aria_label=title) if link else str(number)
    return tag("td", text, class_=kind or None, title=title, style=f"--p:{share:.0%}")


def _recalls(result: Result, runs: Sequence[Run]) -> Html:
    """A row of dots per group: how much each network recognised."""
    size = max(len(run.confusion) for run in runs)
    height = size * ROW + 30
    title = tag("figcaption", tag("span", "Recall of every group", class_="title"))
    view = f"0 0 {WIDTH} {height}"
    text = "Recall of every group and network; the same figures are in the table below."
    parts = [*_ruler(size), *_dots(result, runs, size)]
    svg = tag("svg", *parts, class_="chart", viewBox=view, role="img", aria_label=text)
    figures = disclosure("Figures by group", _recall_table(result, runs, size))
    return tag("figure", title, _key(result, runs), svg, figures)


def _key(result: Result, runs: Sequence[Run]) -> Html:
    paint = colours(result)
    names = [
        tag("span", tag("i", class_="dot"), run.name, style=f"--c:{paint[run.name]}")
        for run in runs
    ]
    return tag("p", *names, class_="key")


def _ruler(size: int) -> Iterator[Html]:
    for part in (0, 0.25, 0.5, 0.75, 1):
        x = _across(part)
        yield tag("line", x1=x, x2=x, y1=4, y2=size * ROW, class_="grid")
        yield tag("text", f"{part:g}", x=x, y=size * ROW + 17, class_="tick mid")


def _dots(result: Result, runs: Sequence[Run], size: int) -> Iterator[Html]:
    paint = colours(result)
    for i in range(size):
        y = i * ROW + ROW / 2 + 2
        known = [(run, part) for run in runs if (part := recall(run, i)) is not None]
        yield tag("text", _fitted(label(result.classes, i)), x=0, y=y + 4, class_="group")
        ends = [_across(part) for _, part in known] or [LEFT]
        yield tag("line", x1=min(ends), x2=max(ends), y1=y, y2=y, class_="reach")
        # The large fused dot goes first, so that it covers no other.
        for run, part in sorted(known, key=lambda pair: not is_fused(pair[0])):
            strong = is_fused(run)
            place = {"cx": _across(part), "cy": y, "r": 6 if strong else 4.5}
            title = tag("title", f"{run.name} {part:.2f}")
            colour = f"--c:{paint[run.name]}"
            yield tag("circle", title, class_="spot", style=colour, **place)


def _across(part: float) -> float:
    return round(LEFT + 8 + part * (WIDTH - LEFT - RIGHT - 8), 1)


def _fitted(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"


def _recall_table(result: Result, runs: Sequence[Run], size: int) -> Html:
    head = ["Group", *(run.name for run in runs)]
    rows = (
        [label(result.classes, i), *(decimal(recall(run, i), 2) for run in runs)]
        for i in range(size)
    )
    return table(f"Part of a group's {result.noun} that was recognised", head, rows)
