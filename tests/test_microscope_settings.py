"""Edited settings, and formulas of the same name: the page against Python's optimizers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import OptionError, wide
from fusegrad.microscope import Trace, book, trace
from fusegrad.microscope.course import as_bits
from fusegrad.microscope.demos import DEMOS
from fusegrad.microscope.kin import kin
from fusegrad.optim.dialects import DIALECTS
from fusegrad.optim.settings import letters
from tests.microscope_sample import differing, leaf, recorded, shown, stepped, tables
from tests.test_report_browser import browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
MOMENTS = ("lr", "betas", "eps")
EDITED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "Adam": (optim.Adam, MOMENTS),
    "AdaMax": (optim.AdaMax, ("lr", "betas")),
    "RMSProp": (optim.RMSProp, ("lr", "alpha", "eps")),
    "Adagrad": (optim.Adagrad, ("lr", "eps")),
    "AMSGrad": (optim.AMSGrad, MOMENTS),
    "NAdam": (optim.NAdam, (*MOMENTS, "momentum_decay")),
    "RAdam": (optim.RAdam, MOMENTS),
    "AdamW": (optim.AdamW, (*MOMENTS, "weight_decay")),
}
DRAWS, STEPS = 20, 25
DTYPES = (np.float64, np.float32)


def gradients(name: str) -> np.ndarray:
    """Of every size, with zeros among them. Shapes: (steps, 2)."""
    rng = np.random.default_rng(len(name))
    values = rng.standard_normal((STEPS, 2)) * 10.0 ** rng.integers(-12, 4, (STEPS, 2))
    return np.asarray(np.where(rng.random((STEPS, 2)) < 0.1, 0.0, values))


def trained(settings: dict[str, dict[str, Any]]) -> Trace:
    """Every optimizer with its settings, on its own parameter, in both precisions."""
    with trace() as seen:
        for name, (make, _) in EDITED.items():
            for dtype in DTYPES:
                p = leaf([0.3, -7.0], f"{name} {dtype.__name__}", dtype)
                stepped(make([p], **settings.get(name, {})), p, list(gradients(name)))
    return seen


def fraction(rng: np.random.Generator) -> float:
    """Somewhere from 0 to just below 1."""
    near = 1 - 10 ** -rng.uniform(1, 15)
    return float(
        rng.choice([0.0, rng.random(), near, 1 - 2.0**-53, 10 ** -rng.uniform(1, 300)])
    )


def size(rng: np.random.Generator, least: float, most: float) -> float:
    """Of the usual size, or of any."""
    usual, any_ = 10 ** rng.uniform(-6, 1), 10 ** rng.uniform(least, most)
    return float(rng.choice([usual, any_]))


def drawn(seed: int) -> dict[str, dict[str, Any]]:
    """Settings from wide ranges; each optimizer takes those that it has."""
    rng, found = np.random.default_rng(seed), {}
    for name, (_, words) in EDITED.items():
        every = {
            "lr": size(rng, -310, 300),
            "betas": (fraction(rng), fraction(rng)),
            "alpha": fraction(rng),
            "eps": float(rng.choice([0.0, size(rng, -320, 100)])),
            "momentum_decay": size(rng, -9, 3),
            "weight_decay": size(rng, -30, 30),
        }
        found[name] = {word: every[word] for word in words}
    return found


@pytest.fixture(scope="module")
def trained_page(browser: Any, tmp_path_factory: Any) -> Iterator[Any]:  # noqa: F811
    with shown(browser, trained({}), tmp_path_factory.mktemp("settings")) as visit:
        yield visit.page
        assert visit.complaints == []


@pytest.mark.parametrize("seed", range(DRAWS))
def test_edited_settings_give_what_the_optimizer_gives(trained_page: Any, seed: int) -> None:
    settings = drawn(seed)
    wanted = recorded(trained(settings))
    edits = {name: letters(settings[name.split()[0]]) for name in wanted}
    assert differing(tables(trained_page, edits), wanted) == []
    assert trained_page.evaluate("microscope.isEdited()")


def test_what_the_optimizer_refuses_the_page_refuses_too(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    p = leaf([1.0], "w")
    with trace() as seen:
        stepped(optim.AdamConvex([p], lr=0.1), p, [1.0, 2.0])
    values = {"lambd": (0.0, 1.5), "beta1": (1.0, -0.1), "alpha": (-1.0,), "eps": (np.inf,)}
    words = {"lambd": "beta1_decay", "alpha": "lr", "eps": "eps"}
    with shown(browser, seen, tmp_path) as visit:
        for letter, wrong in values.items():
            for x in wrong:
                told = visit.page.evaluate(f"refusal('{letter}', {x:g})".replace("inf", "1/0"))
                assert "expected" in told or "0 / 0" in told, (letter, x)
                settings = {words[letter]: x} if letter in words else {"betas": (x, 0.9)}
                with pytest.raises(OptionError):
                    optim.AdamConvex([p], **settings)
        assert visit.page.evaluate("refusal('lambd', 1) + refusal('beta1', 0)") == ""


# ---- dialects -------------------------------------------------------------------------------
ROWS = """() => microscope.runs.map((run, at) => {
    microscope.change({ at, edits: {}, step: run.t.length - 1 });
    return run.dialects.map((one) => {
        const { end, columns } = microscope.programs[one.program];
        const rows = dialectRows(microscope, one).map((row) => row[end]);
        return [one.title, one.used, rows, parting(microscope,
            dialectRows(microscope, one), end)];
    });
})"""
MINE = {
    optimizer: one.settings
    for (_, library), one in sorted(DIALECTS.items(), key=lambda item: item[0][1] == "paper")
    for optimizer in [one.optimizer]
}


def by_python(title: str, one: Any, own: dict[str, Any], dtype: Any) -> np.ndarray:
    """The parameter after every step of the optimizer that a row is named after."""
    inside, bare = book_variants()
    made = {"Adam with L2": optim.Adam, "Adam, eps inside": inside, "Adam, uncorrected": bare}
    make = made.get(title) or next(d.optimizer for d in DIALECTS.values() if named(d, title))
    p = leaf([0.3], "w", dtype)
    optimizer = make([p], **settings_of(make, one, own))
    path = []
    for g in gradients("dialects")[:, :1]:
        stepped(optimizer, p, [g])
        path.append(p.numpy()[0])
    return np.array(path)


def named(dialect: Any, title: str) -> bool:
    return bool(dialect.optimizer.__name__ == title)


def book_variants() -> tuple[Any, Any]:
    from fusegrad.optim.dialects.variants import AdamInside, AdamUncorrected

    return AdamInside, AdamUncorrected


def settings_of(make: Any, one: Any, own: dict[str, Any]) -> dict[str, Any]:
    """A row's settings in words: the page's where it has a letter of that name."""
    known = {**one.scalars, **own}
    for a, b in (("eps", "eps_hat"), ("eps_hat", "eps")):
        if a in one.scalars and a not in own and b in own:
            known[a] = own[b]
    betas = {"betas": (known["beta1"], known["beta2"])} if "beta2" in one.scalars else {}
    words = {
        "alpha": "lr",
        "eps": "eps",
        "eps_hat": "eps_hat",
        "rho": "alpha",
        "mu": "momentum",
    }
    words |= {"lam": "weight_decay", "psi": "momentum_decay", "eta": "eta"}
    plain = {words[k]: known[k] for k in one.scalars if k in words}
    has_start = "initial_accumulator_value" in make.starts.values()
    starts = {"initial_accumulator_value": one.start["s"]} if has_start else {}
    return {**betas, **plain, **starts}


@pytest.mark.parametrize("dtype", DTYPES)
def test_dialects_are_what_their_optimizers_compute(
    browser: Any,  # noqa: F811
    tmp_path: Path,
    dtype: Any,
) -> None:
    rows, makes = 0, dict.fromkeys(d.optimizer for d in DIALECTS.values())
    with trace() as seen:
        for make in makes:
            p = leaf([0.3], make.__name__, dtype)
            settings = dict(MINE[make])
            stepped(make([p], **settings), p, list(gradients("dialects")[:, :1]))
    with shown(browser, seen, tmp_path) as visit:
        found = visit.page.evaluate(ROWS)
        assert visit.complaints == []
    for make, log, lines in zip(makes, seen.followed, found, strict=True):
        own = {k: v for k, v in log.scalars[0].items() if k != "t"}
        mine = seen.table(log.name, 0)["theta'"]
        for (title, used, path, part), one in zip(lines, kin(make), strict=True):
            wanted = by_python(title, one, own, dtype)
            assert (as_bits(path) == as_bits(wanted)).all(), (make.__name__, title)
            apart = np.flatnonzero(as_bits(mine) != as_bits(wanted))
            assert part == (f"t = {apart[0] + 1}" if len(apart) else "never"), title
            assert re.search("paper|PyTorch|Keras|optax|BERT", used), title
            rows += 1
    assert rows > 50


def test_four_formulas_called_adam_part_at_gradients_of_eps(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    eps, root = 1e-8, 1e-3**0.5  # of 1 - beta2
    wanted = {
        "Adam": 0.5,
        "AdamEpsHat": 10 * root * 0.1 * eps / (root * eps + eps),  # 0.0307
        "Adam, eps inside": eps / (eps**2 + eps) ** 0.5,  # 0.0001
        "Adam, uncorrected": 0.1 * eps / (root * eps + eps),  # 0.0969
    }
    with shown(browser, DEMOS["eps"](), tmp_path) as visit:
        lines = visit.page.locator("#dialects tbody tr")
        lines.first.locator("td", has_text=re.compile("^never$")).wait_for()
        cells = {row.locator("th").inner_text(): row.locator("td") for row in lines.all()}
        for title, share in wanted.items():
            step = float(cells[title].nth(1).inner_text())
            assert step == pytest.approx(share * 1e-3, rel=2e-6), title
            part = cells[title].nth(0).inner_text()
            assert part == ("never" if title == "Adam" else "t = 1")
        assert visit.page.locator("#now").inner_text() == "t = 1 of 50"


# ---- words ----------------------------------------------------------------------------------
def words_of(name: str, table: str) -> set[str]:
    """The names in one object of a script."""
    text = (Path(fg.__file__).parent / "lens" / "js" / f"{name}.js").read_text("utf-8")
    body = text.split(f"const {table} = {{\n")[1].split("\n};")[0]
    return set(re.findall(r"^    (\w+):", body, re.MULTILINE))


def test_the_page_has_the_words_that_the_book_says_it_has() -> None:
    assert words_of("words", "WORDS") == book.EXACT
    assert words_of("wide", "HOST") == set(wide.WORDS)
