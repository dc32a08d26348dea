"""What the benchmark of peers computes and reads; the peers themselves are not run here."""

import pytest

from benchmarks.peers.frame import HEIGHT, HOME, PIXEL, WIDTH, View
from benchmarks.peers.page import seen
from benchmarks.peers.report import lines, ratio, summary


def actions(ms: float | None) -> dict[str, object]:
    found = {"colormap": {"ms": {"median": ms}, "received_bytes": 0, "server_cpu_ms": 1.5}}
    return {"actions": {"floor_ms": {"median": 9.0}, "actions": found}}


def test_summary_keeps_the_median_and_the_ends() -> None:
    assert summary([5, 1, 3.04]) == {"median": 3.0, "min": 1, "max": 5, "count": 3}
    assert summary([])["median"] is None


def test_a_ratio_needs_both_figures() -> None:
    assert ratio(140, 28) == "(5.0x)"
    assert ratio(None, 28) == ratio(140, None) == ratio(140, 0) == ""


def test_tables_show_ratios_and_failures_side_by_side() -> None:
    text = "\n".join(
        lines({"dash": actions(140.0), "panel": {"actions": {"failed": "no page"}}, "stageboard": actions(28.0)})
    )
    assert "140.0 (5.0x)" in text
    assert "28.0 (1.0x)" not in text
    assert "panel failed: no page" in text


def test_an_action_that_only_one_peer_has_is_a_dash_for_the_others() -> None:
    other = actions(20.0)
    other["actions"]["actions"] = {"seen": {"ms": {"median": 7.0}}}  # type: ignore[index]
    rows = {line.split()[0]: line.split()[1:] for line in lines({"dash": actions(140.0), "stageboard": other}) if line}
    assert rows["seen"] == ["-", "7.0"]


@pytest.mark.parametrize(
    "told",
    [
        {"xaxis.range": [1, 2], "yaxis.range": [3, 4]},
        {"xaxis.range[0]": 1, "xaxis.range[1]": 2, "yaxis.range[0]": 3, "yaxis.range[1]": 4},
    ],
)
def test_the_figures_view_is_read_however_it_is_told(told: dict[str, object]) -> None:
    assert seen(told) == View(1, 2, 3, 4)
    assert seen(None) == seen({"autosize": True}) == HOME


def test_views_keep_their_centre_and_their_pixels_square() -> None:
    near = HOME.zoomed(16)
    assert (near.x0 + near.x1, near.y0 + near.y1) == pytest.approx((HOME.x0 + HOME.x1, HOME.y0 + HOME.y1))
    assert (near.x1 - near.x0) / WIDTH == pytest.approx((near.y1 - near.y0) / HEIGHT) == pytest.approx(PIXEL / 16)
    assert HOME.panned(0.2).x0 - HOME.x0 == pytest.approx(0.2 * WIDTH * PIXEL)
