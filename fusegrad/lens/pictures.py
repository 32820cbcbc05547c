"""Held-out rows: picture, if there is one, and words, the truth and the prediction."""

from collections.abc import Iterator, Sequence

from .markup import Html, join, tag
from .png import data_uri
from .record import Example, Result
from .wording import decimal, finite, label, listing, right

MOST, MOST_WRONG = 48, 36


def pictures(result: Result) -> Html:
    """Up to 48 rows: surest mistakes first, then the closest right answers."""
    kept = chosen(result.examples)
    if not kept:
        return Html("")
    cards = [_card(result, example, name) for example, name in _named(kept)]
    shown = tag("ul", join(cards, "\n"), class_="pictures", id="shown")
    return join([tag("p", _lead(kept)), _filters(result, kept), shown])


def address(example: Example) -> str:
    """The part of the page's address that shows rows with the same error."""
    return f"p{example.truth}-{example.prediction}"


def chosen(examples: Sequence[Example]) -> list[Example]:
    """The rows the page shows, in its order."""
    wrong = sorted((e for e in examples if not right(e)), key=_sureness, reverse=True)
    good = sorted((e for e in examples if right(e)), key=_sureness)
    # Room is kept for right answers, so that the filter has both kinds to show.
    kept = wrong[: max(MOST_WRONG, MOST - len(good))]
    return kept + good[: MOST - len(kept)]


def _sureness(example: Example) -> float:
    return example.confidence if finite(example.confidence) else -1.0


def _lead(chosen: Sequence[Example]) -> str:
    wrong = sum(not right(example) for example in chosen)
    parts = [
        _counted(wrong, "mistake") + ", the surest first",
        _counted(len(chosen) - wrong, "right answer") + ", the least sure first",
    ]
    kept = [part for part in parts if not part.startswith("0 ")]
    sure = "The number is the confidence in the answer given."
    return f"A selection, not a sample: {listing(kept)}. {sure}"


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _filters(result: Result, chosen: Sequence[Example]) -> Html:
    """Shown by script only; without it every row is on the page."""
    kinds = ("all", "wrong", "right")
    buttons = [tag("button", k.capitalize(), type="button", data_show=k) for k in kinds]
    present = sorted({example.truth for example in chosen})
    options = [tag("option", label(result.classes, i), value=i) for i in present]
    everything = tag("option", "every group", value="")
    choice = tag("label", "True group ", tag("select", everything, *options, id="group"))
    row = tag("div", *buttons, role="group", aria_label=f"Which {result.noun}")
    said = {"for_": "group", "aria_live": "polite", "data_noun": result.noun}
    tally = tag("output", id="tally", **said)
    return tag("div", row, choice, tally, class_="filters", hidden="")


def _named(kept: Sequence[Example]) -> Iterator[tuple[Example, str | None]]:
    """Only the first row of an error can carry the name links jump to."""
    seen: set[str] = set()
    for example in kept:
        name = address(example)
        yield example, None if name in seen else name
        seen.add(name)


def _card(result: Result, example: Example, name: str | None) -> Html:
    good = right(example)
    head, _, more = example.words.partition(" | ")
    return tag(
        "li",
        *_picture(example),
        tag("div", tag("b", head), *_words(more), _verdict(result, example)),
        id=name,
        class_="good" if good else "bad",
        data_kind="right" if good else "wrong",
        data_group=example.truth,
        data_pair=address(example),
    )


def _picture(example: Example) -> list[Html]:
    """The picture, 64 pixels high; nothing for what has no face."""
    if example.picture is None:
        return []
    height, width = example.picture.shape[:2]
    wide = round(64 * width / height)
    return [tag("img", src=data_uri(example.picture), alt="", width=wide, height=64)]


def _words(more: str) -> list[Html]:
    return [tag("span", more, class_="words")] if more else []


def _verdict(result: Result, example: Example) -> Html:
    guess, truth = (label(result.classes, i) for i in (example.prediction, example.truth))
    sure = tag("span", decimal(example.confidence, 2), class_="sure", title="confidence")
    if right(example):
        return tag("span", "✓ ", sure, " ", truth, class_="verdict")
    wrong = tag("span", "✗ ", sure, " ", guess)
    return tag("span", wrong, tag("span", "is ", truth), class_="verdict")
