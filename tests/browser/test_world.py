"""The page puts a view where the engine puts it: both are held to the golden views."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.ui.bundle import ASSETS

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "views.json").read_text())

PLACED = """([[crs, x0, y0, dx, dy], cases]) => {
  const world = new stageboard.World({ crs, world: { x0, y0, dx, dy } });
  return cases.map(([bounds, x, y]) => {
    const { z, rect } = world.place({ x, y }, bounds);
    return [z, rect.x0, rect.y0, rect.x1 - rect.x0, rect.y1 - rect.y0];
  });
}"""
# What the address of a view holds, and the view that it brings back.
RETURNED = """([[crs, x0, y0, dx, dy], cases]) => {
  const world = new stageboard.World({ crs, world: { x0, y0, dx, dy } });
  return cases.map(([, width, height, z, left, top]) => {
    const bounds = world.bounds({ x0: left, x1: left + width, y0: top, y1: top + height }, z + 1);
    const address = new URLSearchParams(stageboard.addressQuery({}, {}, bounds, world.steps(bounds, z + 1)));
    const { z: zoom, rect } = world.place({ x: width, y: height }, address.get("bounds").split(",").map(Number));
    return [zoom, rect.x0, rect.y0];
  });
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page with the scripts alone."""
    page = browser.new_page()
    for name in ("world.js", "address.js"):
        page.add_script_tag(path=ASSETS / name)
    yield page
    page.close()


def cases(kind: str, name: str) -> list[list[float]]:
    return [one[1:] for one in GOLDEN[kind] if one[0] == name]


@pytest.mark.parametrize("kind", ["own", "free"])
@pytest.mark.parametrize("name", GOLDEN["worlds"])
def test_bounds_are_shown_where_they_are(page: Page, name: str, kind: str) -> None:
    wanted = [[z, x0, y0, width, height] for _, width, height, z, x0, y0 in cases(kind, name)]
    assert page.evaluate(PLACED, [GOLDEN["worlds"][name], cases(kind, name)]) == wanted


@pytest.mark.parametrize("name", GOLDEN["worlds"])
def test_an_address_brings_its_view_back(page: Page, name: str) -> None:
    wanted = [one[3:] for one in cases("own", name)]
    assert page.evaluate(RETURNED, [GOLDEN["worlds"][name], cases("own", name)]) == wanted
