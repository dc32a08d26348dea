"""The hover reads the cell that is painted under the pointer, nothing beyond the world, and at rest all digits."""

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import reading
from tests.browser.browsing import Server, start_server, stop_server

# All filled cells of one plane that are in view and stand free of what lies over the map: place, value.
CELLS = """() => {
  const { view, map } = stageboard.explorer, zoom = view.layer._tileZoom;
  const { x0, y0, x1, y1 } = stageboard.viewPixels(map, zoom), found = [];
  for (const { coords, tile } of view.current()) {
    if (!tile || tile.empty) continue;
    const side = tile.size + 2 * tile.apron;
    for (let y = 0; y < 512; y++) for (let x = 0; x < 512; x++) {
      const at = [coords.x * 512 + x - x0, coords.y * 512 + y - y0];
      if (at[0] < 130 || at[1] < 60 || at[0] > x1 - x0 - 270 || at[1] > y1 - y0 - 110) continue;
      const value = tile.values[(y + tile.apron) * side + x + tile.apron];
      if (tile.float ? value === value : value > 0) found.push([...at, value]);
    }
  }
  return found;
}"""
# How far a tile is painted from where the view's first pixel says.
PAINTED = """() => {
  const { view } = stageboard.explorer, { left, top } = view.map.getContainer().getBoundingClientRect();
  const one = view.current().find(({ tile }) => tile && !tile.empty), box = one.canvas.getBoundingClientRect();
  const { x0, y0 } = stageboard.viewPixels(view.map, view.layer._tileZoom);
  return [box.left - left - (one.coords.x * 512 - x0), box.top - top - (one.coords.y * 512 - y0)];
}"""
AT = "([x, y]) => stageboard.explorer.view.valueAt(stageboard.explorer.map.containerPointToLatLng([x, y]))"
EXACT = "() => document.querySelector('.explorer-state')?.textContent === 'exact'"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a plane and a track whose numbers need more digits than float32 has."""
    folder = tmp_path_factory.mktemp("hover")
    rng = np.random.default_rng(4)
    x, y = rng.normal(0, 1, (2, 3000)).round(1)
    table = pd.DataFrame({"x": x, "y": y, "money": rng.random(3000) * 1e8, "nano": rng.lognormal(0, 1, 3000) * 1e-9})
    table.to_parquet(folder / "plane.parquet")
    server = start_server(folder, "--data", str(folder / "plane.parquet"))
    yield server
    stop_server(server)


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of the Explorer at a pixel ratio."""
    pages: list[Page] = []

    def opened(path: str, ratio: float = 1, url: str = server.url, width: int = 1281) -> Page:
        size: Any = {"width": width, "height": 861}
        page = browser.new_context(viewport=size, device_scale_factor=ratio, bypass_csp=True).new_page()
        page.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
        pages.append(page)
        page.goto(url + path)
        page.wait_for_function(EXACT)
        return page

    yield opened
    for page in pages:
        page.context.close()


def hover(page: Page, x: float, y: float) -> str:
    """Return what is said of a place of the map."""
    box = page.locator(".leaflet-container").bounding_box()
    assert box
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.inner_text("#explorer-value")


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize(
    "path",
    [
        "/explorer/places?spreading=0&basemap=none&labels=0&bounds=5,15,45,50",
        "/explorer/places?spreading=2&basemap=none&labels=0&bounds=-10,30,35,60",
        "/explorer/flights?spreading=0&bounds=300,1200,-40,100",
    ],
)
def test_the_pointers_own_cell_is_read(visit: Callable[..., Page], path: str, ratio: int) -> None:
    page = visit(path, ratio)
    assert page.evaluate(PAINTED) == [0, 0]
    cells = page.evaluate(CELLS)
    for x, y, count in random.Random(3).sample(cells, 15):
        told = re.match(r"([\d,]+) rows? · ", hover(page, x + random.Random(x).choice([0, 0.25, 0.5, 0.75]), y))
        assert told, (x, y, count)
        assert int(told[1].replace(",", "")) == count


def test_a_pixels_place_is_read_however_it_is_projected(visit: Callable[..., Page]) -> None:
    page = visit("/explorer/places?spreading=0&basemap=none&labels=0&bounds=2.2,2.5,48.8,48.95")
    wrong = """(cells) => cells.filter(([x, y, value]) => {
      const { view, map } = stageboard.explorer;
      return view.valueAt(map.containerPointToLatLng([x, y]))?.[0] !== value; }).length"""
    cells = page.evaluate(CELLS)
    assert cells
    assert page.evaluate(wrong, cells) == 0


def test_beyond_the_world_nothing_is_said(visit: Callable[..., Page]) -> None:
    page = visit("/explorer/storms?basemap=none&labels=0&spreading=5")
    page.evaluate("stageboard.explorer.map.setView([84, 0], 3, { animate: false })")
    page.wait_for_function(EXACT)
    top = page.evaluate("() => { const { map } = stageboard.explorer; return -stageboard.viewPixels(map, 3).y0; }")
    assert top > 20
    assert hover(page, 400, top - 1) == ""
    assert "N, " in hover(page, 400, top)
    assert (
        page.evaluate("() => { const { map, view } = stageboard.explorer; return view.valueAt(L.latLng(89, 0)); }")
        is None
    )


def test_a_maps_place_is_told_in_degrees_whatever_its_data_have(visit: Callable[..., Page]) -> None:
    page = visit("/explorer/storms?basemap=none&labels=0")
    place = """(crs) => {
      const { readout } = stageboard.explorer;
      readout.world = Object.assign(Object.create(readout.world), { crs });
      return readout.coordinates(2 ** 32 * 0.75, 2 ** 31, 2 ** 24);
    }"""
    assert [page.evaluate(place, crs) for crs in ("lonlat", "mercator")] == ["0° N, 90° E"] * 2


def test_a_resting_pointer_follows_the_map(visit: Callable[..., Page]) -> None:
    page = visit("/explorer/flights?spreading=0&bounds=300,1200,-40,100")
    x, y, _ = random.Random(4).choice(page.evaluate(CELLS))
    hover(page, x, y)
    page.locator(".leaflet-container").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => !stageboard.explorer.moving")
    page.wait_for_timeout(400)
    page.wait_for_function(EXACT)
    there = page.evaluate(AT, [x, y])
    told = page.inner_text("#explorer-value")
    assert told.startswith(f"{there[0]:,} row") if there else "row" not in told


def true_value(page: Page, frame: pd.DataFrame, x: int, y: int, field: str) -> float:
    """Return the mean of a cell's rows, found by the plane's own arithmetic."""
    place = """([x, y]) => {
      const { map, info: { world } } = stageboard.explorer, zoom = map.getZoom();
      const { x0, y0 } = stageboard.viewPixels(map, zoom);
      return [x0 + x, y0 + y, zoom, world.x0, world.dx, world.y0, world.dy]; }"""
    px, py, zoom, x0, dx, y0, dy = page.evaluate(place, [x, y])
    size = 2 ** (24 - zoom)
    here = (np.floor((frame["x"] - x0) / dx / size) == px) & (np.floor((frame["y"] - y0) / dy / size) == py)
    return float(frame[field][here].mean())


def test_all_digits_come_when_the_pointer_rests(visit: Callable[..., Page], served: Server) -> None:
    page = visit("/explorer/plane?aggregate=mean&field=nano&spreading=0", url=served.url)
    frame = pd.read_parquet(served.folder / "plane.parquet")
    held: list[Route] = []
    page.route("**/values/**", lambda route: held.append(route))
    for x, y, rounded in random.Random(6).sample(page.evaluate(CELLS), 3):
        true = true_value(page, frame, x, y, "nano")
        with page.expect_request("**/values/**"):
            first = re.match(r"mean Nano (\S+) · ", hover(page, x, y))
        assert first
        value, half = reading.number(first[1])
        assert abs(float(value) - true) <= float(half)
        assert abs(rounded - true) < 1e-6 * true
        while not held:
            page.wait_for_timeout(10)
        held.pop().continue_()
        changed = "(old) => !document.querySelector('#explorer-value').textContent.startsWith(old)"
        page.wait_for_function(changed, arg=first[0])
        last = re.match(r"mean Nano (\S+) · ", page.inner_text("#explorer-value"))
        assert last
        assert float(reading.number(last[1])[0]) == pytest.approx(true, rel=1e-11)
    assert held == []


# Moves that a page sees without a pause, and then the pointer leaves.
MOVES = """(cells) => {
  const { map, readout } = stageboard.explorer, { left, top } = map.getContainer().getBoundingClientRect(), told = [];
  for (const [x, y] of cells) {
    map.fire("mousemove", { originalEvent: { clientX: left + x, clientY: top + y } });
    readout.read();
    told.push(readout.value.textContent);
  }
  map.fire("mouseout");
  return told;
}"""


def test_nothing_is_asked_for_while_the_pointer_moves(visit: Callable[..., Page], served: Server) -> None:
    page = visit("/explorer/plane?aggregate=mean&field=money&spreading=0", url=served.url)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/values/" in one.url else None)
    told = page.evaluate(MOVES, page.evaluate(CELLS)[:50])
    assert all(one.startswith("mean Money ") for one in told)
    page.wait_for_timeout(300)
    assert asked == []


def test_nothing_is_asked_for_where_nothing_is_lost(visit: Callable[..., Page], served: Server) -> None:
    page = visit("/explorer/plane?aggregate=count&spreading=0", url=served.url)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/values/" in one.url else None)
    (x, y, _), *_ = page.evaluate(CELLS)
    assert "row" in hover(page, x, y)
    page.wait_for_timeout(400)
    assert asked == []


def test_digits_that_cannot_be_had_are_done_without(visit: Callable[..., Page], served: Server) -> None:
    page = visit("/explorer/plane?aggregate=sum&field=money&spreading=0", url=served.url)
    page.route("**/values/**", lambda route: route.abort())
    x, y, _ = random.Random(8).choice(page.evaluate(CELLS))
    with page.expect_request("**/values/**"):
        first = hover(page, x, y)
    page.wait_for_timeout(200)
    assert re.match(r"sum Money [\d.,]+( [MB])? · ", first)
    expect(page.locator("#explorer-value")).to_have_text(first)
