"""What each branch is taught, on the page of a recording and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.cli.main import main
from fusegrad.microscope import Trace, trace
from fusegrad.microscope.demos import DEMOS
from fusegrad.microscope.flow import weakest
from fusegrad.multimodal import FeatureFusionNet
from fusegrad.multimodal.fusion import Concat
from tests.microscope_sample import shown
from tests.test_report_browser import browser  # noqa: F401  # a fixture

ROUND = 2.0**-52


class Cut(nn.Module):
    """A layer that somebody forgot a `detach` in."""

    def forward(self, x: fg.Tensor) -> fg.Tensor:
        return x.detach()


def trained(*cut: str, steps: int = 6) -> Trace:
    """Two branches that meet; some do not pass their gradient on."""
    rng = np.random.default_rng(0)
    made = {
        name: nn.Sequential(nn.Linear(3, 2, rng=rng), Cut() if name in cut else nn.Tanh())
        for name in ("image", "text")
    }
    net = FeatureFusionNet(made, Concat(dict.fromkeys(made, 2)), nn.Linear(4, 2, rng=rng))
    adam = optim.Adam(net.parameters(), lr=0.01)
    inputs = {n: fg.Tensor(rng.normal(size=(8, 3)), dtype=np.float32) for n in made}
    labels = np.arange(8) % 2
    with trace(title="Branches") as seen:
        for _ in range(steps):
            adam.zero_grad()
            fg.cross_entropy(net(inputs), labels).backward()
            adam.step()
    return seen


def printed(capsys: Any, *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert not end.value.code
    return str(capsys.readouterr().out)


def test_shares_rebuild_the_total_to_an_ulp() -> None:
    for seen in (DEMOS["branches"](), trained()):
        assert seen.flow
        for record in seen.flow:
            total = sum(record.norm.values())
            for name, norm in record.norm.items():
                assert abs(record.share[name] * total - norm) <= np.spacing(norm)
            rebuilt = sum(share * total for share in record.share.values())
            assert abs(rebuilt - total) <= np.spacing(total)
            assert abs(sum(record.share.values()) - 1) <= ROUND


def test_a_detached_branch_reads_0_and_is_named(tmp_path: Path, capsys: Any) -> None:
    seen = trained("text")
    assert len(seen.flow) == 5
    for record in seen.flow:
        assert (record.norm["text"], record.share["text"]) == (0, 0)
        assert record.share["image"] == 1 and record.norm["image"] > 0
    path = seen.save_html(tmp_path / "cut.html")
    assert "detached at text: no gradient of the loss reaches it." in path.read_text("utf-8")
    assert "  detached at text: no gradient" in printed(capsys, "show", str(path))
    both = trained("text", "image").save_html(tmp_path / "both.html")
    assert "detached at image, text: no" in printed(capsys, "show", str(both))


def test_the_weakest_branch_is_named_by_one_command(tmp_path: Path, capsys: Any) -> None:
    seen = DEMOS["branches"]()
    path = seen.save_html(tmp_path / "demo.html")
    means = {n: np.mean([r.share[n] for r in seen.flow]) for n in ("image", "text")}
    name = min(means, key=lambda n: means[n])
    found = weakest(seen.flow)
    assert found is not None and found == (name, pytest.approx(means[name]))
    said = f"weakest branch: {name}, {means[name]:.0%} of the gradient where branches meet."
    assert said in printed(capsys, "show", str(path))
    flow = json.loads(printed(capsys, "show", str(path), "--json"))["flow"]
    assert flow["says"] == said
    assert [step["share"] for step in flow["steps"]] == [r.share for r in seen.flow]
    for key in ("norm", "update", "dead", "between"):
        assert [step[key] for step in flow["steps"]] == [getattr(r, key) for r in seen.flow]


def test_a_program_without_branches_says_nothing_of_them(tmp_path: Path, capsys: Any) -> None:
    path = DEMOS["order"]().save_html(tmp_path / "order.html")
    assert DEMOS["order"]().flow == []
    assert "where branches meet" not in printed(capsys, "show", str(path))


@pytest.mark.browser
def test_the_page_draws_shares_and_says_who_is_taught_least(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    for seen, text in (
        (trained(), "weakest branch: "),
        (trained("image"), "detached at image"),
    ):
        with shown(browser, seen, tmp_path) as visit:
            section = visit.page.locator("section#flow")
            assert section.locator("#says").inner_text().startswith(text)
            assert section.locator("svg").count() >= 3
            section.locator("summary").click()
            assert section.locator("table").is_visible()
            assert visit.complaints == []
