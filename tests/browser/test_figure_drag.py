"""A drag on the Figure, and what may happen to the plot meanwhile."""

import pytest

from tests.browser.test_figure import PLACES, RANGES, Browse, middle, opened


def test_a_drag_is_not_lost_to_a_resize(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    x, y = middle(visit)
    before = visit.page.evaluate(RANGES)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.evaluate("void Plotly.Plots.resize(stageboard.figure.plot())")
    visit.page.wait_for_timeout(200)  # plotly itself waits for half of it
    visit.page.mouse.move(x - 160, y, steps=4)
    visit.page.mouse.up()
    moved = (before[1] - before[0]) * 160 / visit.page.evaluate(PLACES)[1][2]
    assert visit.page.evaluate(RANGES)[0] - before[0] == pytest.approx(moved, rel=0.05)
