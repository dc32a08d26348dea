"""The Explorer in a real browser: every control, by its pixels, its requests and what the ribbon says of it."""

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from datashader import transfer_functions as tf
from playwright.sync_api import Route, expect

from tests.browser.browsing import Visit, start_server, stop_server

Browse = Callable[..., Visit]
FIRE = ["#000000", "#7f0000", "#ff0000", "#ffff00", "#ffffff"]

# Sums of the data's pixels: equal only if the picture is.
PIXELS = """() => {
  const scratch = Object.assign(document.createElement('canvas'), { width: 512, height: 512 });
  const pen = scratch.getContext('2d', { willReadFrequently: true });
  let hash = 0, filled = 0;
  for (const canvas of document.querySelectorAll('.explorer-data canvas')) {
    pen.clearRect(0, 0, 512, 512);
    pen.drawImage(canvas, 0, 0);
    const words = new Uint32Array(pen.getImageData(0, 0, 512, 512).data.buffer);
    for (let i = 0; i < words.length; i += 3) { hash = (Math.imul(hash, 31) + words[i]) | 0; if (words[i]) filled++; }
  }
  return [hash, filled];
}"""


def opened(browse: Browse, path: str, **how: bool) -> Visit:
    """Open a page and wait until its data are drawn, and its controls are there."""
    visit = browse(path, **how)
    drawn(visit)
    visit.page.wait_for_selector("#explorer-cmap", state="attached")
    return visit


def drawn(visit: Visit) -> None:
    """Wait until the page has told of its opening, and shows all that is in view."""
    visit.page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
    expect(visit.page.locator(".explorer-state")).to_have_text("exact")
    visit.page.wait_for_function("stageboard.explorer.view.current().every((one) => !one.next || one.painted)")


def redrawn(visit: Visit, before: object) -> None:
    """Wait until the data's pixels are others, and a while for what may be asked for after all."""
    visit.page.wait_for_function(f"(before) => String(({PIXELS})()) !== String(before)", arg=before)
    visit.page.wait_for_timeout(300)


def act(visit: Visit, script: str) -> dict[str, object]:
    """Do something, wait until the ribbon has told of it, and return what it told."""
    visit.requests.clear()
    visit.page.evaluate("addEventListener('stageboard:action', (e) => (window.told = e.detail), { once: true })")
    visit.page.evaluate(f"window.told = null; {script}")
    detail = visit.page.wait_for_function("window.told").json_value()
    assert isinstance(detail, dict)
    return detail


def choose(visit: Visit, control: str, value: object) -> dict[str, object]:
    """Set a control as its component does."""
    prop = "checked" if isinstance(value, bool) else "value"
    return act(visit, f"dash_clientside.set_props('explorer-{control}', {{{prop}: {json.dumps(value)}}})")


def hows(detail: dict[str, object]) -> dict[str, str]:
    """Return what became of each stage."""
    stages = detail["stages"]
    assert isinstance(stages, list)
    return {row["name"]: row["how"] for row in stages}


@pytest.mark.parametrize(
    ("control", "value", "ran"),
    [
        ("cmap", "kbc", {"encode"}),
        ("normalization", "linear", {"index", "encode"}),
        ("range", [10, 90], {"index", "encode"}),
        ("spreading", 3, {"spread", "stats", "index", "encode"}),
    ],
)
def test_shading_needs_no_request(browse: Browse, control: str, value: object, ran: set[str]) -> None:
    visit = opened(browse, "/explorer/flights", dark=True)
    before = visit.page.evaluate(PIXELS)
    detail = choose(visit, control, value)
    redrawn(visit, before)
    expect(visit.page).to_have_url(re.compile(f"{control}="))
    assert visit.requests == []
    assert detail["changed"] == [control]
    assert {name for name, how in hows(detail).items() if how == "browser"} == ran


@pytest.mark.parametrize("control", ["data_opacity", "map_opacity", "labels"])
def test_opacity_and_labels_run_nothing(browse: Browse, control: str) -> None:
    visit = opened(browse, "/explorer/places")
    before = visit.page.evaluate(PIXELS)
    detail = choose(visit, control, False if control == "labels" else 40)
    visit.page.wait_for_timeout(300)
    expect(visit.page).to_have_url(re.compile(f"{control}="))
    assert visit.requests == []
    assert visit.page.evaluate(PIXELS) == before
    assert set(hows(detail).values()) == {"reused"}


def test_an_aggregate_asks_for_its_tiles_and_offers_its_fields(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    choose(visit, "aggregate", "mean")
    assert visit.requests
    assert all(".mean.delay/" in one for one in visit.requests)
    assert "Arrival delay" in visit.page.inner_text("#explorer-legend")
    expect(visit.page).to_have_url(re.compile("aggregate=mean"))
    back = choose(visit, "aggregate", "count")
    assert hows(back)["grid"] == "reused"
    assert visit.requests == []


def test_categories_have_a_legend_and_rest_the_colormap(browse: Browse) -> None:
    visit = opened(browse, "/explorer/storms?aggregate=by&field=basin")
    assert "North Atlantic" in visit.page.inner_text(".legend-categories")
    assert visit.page.locator("#explorer-cmap").is_disabled()
    assert visit.page.evaluate(PIXELS)[1] > 1000


def still(visit: Visit) -> bytes:
    """Return the plot's picture once it stands still: coasts and names come a moment after the data."""
    before = b""
    while (now := visit.page.locator(".explorer-view").screenshot()) != before:
        before = now
        visit.page.wait_for_timeout(300)
    return now


def test_the_view_is_in_the_address(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places?cmap=bgy")
    act(visit, "stageboard.explorer.map.setView([48.2, 16.4], 7, {animate: false})")
    expect(visit.page).to_have_url(re.compile("bounds="))
    address = visit.page.url
    assert "cmap=bgy" in address
    drawn(visit)
    rect = "JSON.stringify(stageboard.viewPixels(stageboard.explorer.map, stageboard.explorer.map.getZoom()))"
    shown, picture = visit.page.evaluate(rect), still(visit)
    visit.page.reload(wait_until="networkidle")
    drawn(visit)
    assert visit.page.evaluate(rect) == shown
    assert visit.page.url == address
    assert still(visit) == picture


def test_reset_returns_to_the_opening_view(browse: Browse) -> None:
    visit = opened(browse, "/explorer/stars")
    before = visit.page.evaluate("String(stageboard.explorer.bounds())")
    act(visit, "stageboard.explorer.map.panBy([200, 100], {animate: false})")
    assert visit.page.evaluate("String(stageboard.explorer.bounds())") != before
    visit.page.locator("#explorer-reset").click()
    visit.page.wait_for_function("(before) => String(stageboard.explorer.bounds()) === before", arg=before)
    expect(visit.page).not_to_have_url(re.compile("bounds"))


def test_controls_come_though_no_picture_does(browse: Browse) -> None:
    visit = browse("/data")
    held: list[Route] = []
    visit.page.route("**/tiles/**", lambda one: held.append(one))
    visit.page.goto(visit.page.url.replace("/data", "/explorer/flights?cmap=bmy"), wait_until="load")
    visit.page.wait_for_selector("#explorer-cmap")
    assert visit.page.evaluate(PIXELS)[1] == 0
    visit.page.evaluate("dash_clientside.set_props('explorer-cmap', { value: 'kbc' })")
    visit.page.wait_for_function("location.search.includes('cmap=kbc')")
    for one in held:
        one.continue_()
    visit.page.unroute("**/tiles/**")
    visit.page.wait_for_selector(".ribbon-stage")
    assert visit.page.evaluate(PIXELS)[1] > 0


def test_what_draws_is_rehearsed_at_rest(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    before = visit.page.evaluate(PIXELS)
    visit.requests.clear()
    visit.page.wait_for_function("stageboard.rehearsal.done")
    assert visit.page.evaluate(PIXELS) == before
    assert visit.requests == []


def test_plots_open_and_back_restores_the_look(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    choose(visit, "cmap", "bmy")
    expect(visit.page).to_have_url(re.compile("cmap=bmy"))
    visit.page.locator("#explorer-plot").click()
    visit.page.get_by_role("option", name="Routes").click()
    visit.page.wait_for_function("stageboard.explorer?.info.plot === 'routes'")
    expect(visit.page).to_have_url(re.compile(r"/explorer/flights\?plot=routes&cmap=bmy$"))
    assert visit.page.evaluate("stageboard.explorer.map.options.crs.code") == "EPSG:3857"
    visit.page.go_back()
    visit.page.wait_for_function("stageboard.explorer?.info.plot === 'time'")
    assert visit.page.evaluate("stageboard.explorer.look.cmap") == "bmy"
    assert visit.page.locator(".leaflet-container").count() == 1


def test_leaving_the_page_leaves_nothing_behind(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    visit.page.get_by_role("link", name="Home").first.click()
    visit.page.locator(".cards").wait_for()
    assert visit.page.evaluate("stageboard.explorer") is None


def test_few_points_are_drawn_larger_and_it_is_said(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places?bounds=2.2,2.5,48.8,48.95")
    assert "few points are in view" in visit.page.inner_text("#explorer-spreading-note")
    assert visit.page.evaluate("stageboard.explorer.view.drawn.radius") == 3


def test_the_value_under_the_cursor_is_the_true_one(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights?spreading=2")
    box = visit.page.locator(".leaflet-container").bounding_box()
    assert box
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7)
    value = visit.page.locator("#explorer-value")
    expect(value).to_contain_text("row")
    expect(value).to_contain_text("Departure")


def test_keys_move_the_map_and_sliders(browse: Browse) -> None:
    visit = opened(browse, "/explorer/stars")
    before = visit.page.evaluate("stageboard.explorer.map.getZoom()")
    visit.page.locator(".leaflet-container").focus()
    visit.page.keyboard.press("+")
    visit.page.wait_for_function(f"stageboard.explorer.map.getZoom() === {before + 1}")
    visit.page.locator("#explorer-data_opacity [role=slider]").focus()
    visit.page.keyboard.press("ArrowLeft")
    visit.page.wait_for_function("stageboard.explorer.look.data_opacity === 99")


def test_the_link_is_copied_whole(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights?cmap=gray")
    visit.page.locator("#explorer-share").click()
    visit.page.get_by_text("Link copied").wait_for()
    assert visit.page.evaluate("navigator.clipboard.readText()") == visit.page.url


def test_the_export_is_the_view(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights?cmap=bgy")
    href = visit.page.get_attribute("#explorer-export", "href")
    assert href
    assert "cmap=bgy" in href
    answer = visit.page.request.get(visit.page.evaluate("location.origin") + href)
    assert answer.body().startswith(b"\x89PNG")


def test_a_base_map_that_cannot_be_loaded_falls_back(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places")
    visit.page.route("**/World_Imagery/**", lambda route: route.fulfill(status=200, body="", content_type="image/png"))
    choose(visit, "basemap", "imagery")
    message = visit.page.locator("#explorer-message")
    message.get_by_text("could not be loaded").wait_for()
    assert visit.page.locator(".explorer-coast canvas").count() > 0
    message.get_by_role("button", name="Dismiss").click()
    assert message.inner_text() == ""


def test_the_scheme_turns_the_colours_without_a_request(browse: Browse) -> None:
    visit = opened(browse, "/explorer/places", dark=True)
    before = visit.page.evaluate(PIXELS)
    act(visit, "document.documentElement.setAttribute('data-mantine-color-scheme', 'light')")
    redrawn(visit, before)
    assert [one for one in visit.requests if "/tiles/" in one] == []


def test_the_last_action_is_kept_for_the_stages_page(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    choose(visit, "cmap", "gray")
    kept = json.loads(visit.page.evaluate("sessionStorage.getItem('stageboard-last-action')"))
    assert kept["page"] == "explorer"
    assert kept["changed"] == ["cmap"]
    assert [row["name"] for row in kept["stages"]] == ["source", "grid", "spread", "stats", "index", "encode"]


def test_on_a_phone_the_map_comes_first(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights", phone=True)
    view, panel = (
        visit.page.locator(".explorer-view").bounding_box(),
        visit.page.locator(".explorer-panel").bounding_box(),
    )
    assert view
    assert panel
    assert 0.5 * 844 < view["height"] < 0.7 * 844
    assert panel["y"] > view["y"] + view["height"]


SHADED = """([cells, how, colours]) => {
  const b = stageboard, size = Math.sqrt(cells.length), part = {x0: 0, y0: 0, x1: size, y1: size};
  const grid = {...b.rank(Uint32Array.from(cells)), area: part}, stats = b.visibleStats([{grid, part}]);
  const levels = b.scaleOf(stats, how, [0, 100]).levels(grid.values);
  const table = b.levelColours({ colours: b.parseColours(colours.join('')) }, levels);
  return Array.from(grid.codes, (code) => table[code]);
}"""


@pytest.mark.parametrize("how", ["eq_hist", "log", "cbrt", "linear"])
def test_counts_are_shaded_as_by_datashader(browse: Browse, how: str) -> None:
    cells = np.random.default_rng(3).zipf(1.6, (64, 64)).clip(0, 5000).astype("u4")
    cells[np.random.default_rng(4).random(cells.shape) < 0.5] = 0
    expected = tf.shade(xr.DataArray(cells, dims=("y", "x")), cmap=FIRE, how=how).data
    page = opened(browse, "/explorer/stars").page
    drawn = np.array(page.evaluate(SHADED, [cells.ravel().tolist(), how, FIRE]), "u4").reshape(cells.shape)
    channels = [image.view("u1").reshape(64, 64, 4).astype(int) for image in (drawn, np.ascontiguousarray(expected))]
    assert np.abs(channels[0] - channels[1]).max() <= 1


SPREAD = """([cells, radius, how, float, size, part]) => {
  const values = float ? Float32Array.from(cells, (v) => (v === null ? NaN : v)) : Uint16Array.from(cells);
  const tile = {values, apron: 5, size, planes: 1, float};
  return Array.from(stageboard.spread(tile, 0, radius, how, part), (v) => (v === v ? v : null));
}"""


def test_spreading_is_datashaders(browse: Browse) -> None:
    page = opened(browse, "/explorer/stars").page
    for radius, how, filled, real in product((1, 2, 3, 5), ("add", "max", "min"), (0.02, 0.6), (True, False)):
        if not real and how != "add":
            continue
        random = np.random.default_rng(radius)
        cells = random.integers(1, 90, (42, 42)).astype("f4")
        cells[random.random(cells.shape) > filled] = np.nan
        given = cells if real else np.nan_to_num(cells).astype("u4")
        expected = np.asarray(tf.spread(xr.DataArray(given, dims=("y", "x")), radius, how=how).data)[5:-5, 5:-5]
        flat = [None if np.isnan(one) else float(one) for one in given.ravel().astype("f8")]
        for part in (None, {"x0": 3, "x1": 32, "y0": 0, "y1": 9}):
            drawn = page.evaluate(SPREAD, [flat, radius, how, real, 32, *([part] if part else [])])
            wanted = expected[0:9, 3:32] if part else expected
            np.testing.assert_array_equal(np.array(drawn, "f8").reshape(wanted.shape), wanted.astype("f8"))


PAINTED = """() => {
  const view = stageboard.explorer.view, shader = view.shader;
  const [one] = view.current().filter((one) => one.tile && !one.tile.empty);
  const canvas = Object.assign(document.createElement("canvas"), {width: 512, height: 512});
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  const pixels = () => pen.getImageData(0, 0, 512, 512).data.join();
  const part = {x0: 40, x1: 300, y0: 7, y1: 500};
  shader.paint(pen, one.tile, view.drawn);
  const whole = pixels();
  one.tile.grid = null;
  shader.spreadKey = null;
  pen.clearRect(0, 0, 512, 512);
  const all = [shader.paint(pen, one.tile, view.drawn, part), null];
  const early = pixels() !== whole;
  all[1] = shader.paint(pen, one.tile, view.drawn);
  return [all, early, pixels() === whole];
}"""


@pytest.mark.parametrize("aggregate", ["count", "mean", "by"])
def test_what_is_seen_is_painted_first_and_then_the_rest(browse: Browse, aggregate: str) -> None:
    field = {"count": "", "mean": "&field=delay", "by": "&field=origin"}[aggregate]
    visit = opened(browse, f"/explorer/flights?aggregate={aggregate}{field}")
    assert visit.page.evaluate(PAINTED) == [[False, True], True, True]


def test_a_damaged_tile_is_told_from_a_whole_one(browse: Browse) -> None:
    page = opened(browse, "/explorer/stars").page
    script = """async ([cut, flip]) => {
      const view = stageboard.explorer.view;
      const { coords } = view.current().find((one) => one.tile && !one.tile.empty);
      const bytes = new Uint8Array(await (await fetch(view.address(coords))).arrayBuffer());
      if (flip) bytes[flip] ^= 255;
      const read = stageboard.unpacker.unpack(bytes.slice(0, bytes.length - cut).buffer);
      return read.then((tile) => tile.size, () => "refused");
    }"""
    assert page.evaluate(script, [0, 0]) == 512
    for damage in ([20, 0], [4, 0], [1_000_000, 0], [0, 200]):
        assert page.evaluate(script, damage) == "refused"


def test_a_large_plot_is_prepared_and_opens_by_itself(browse: Browse, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for part in range(2):
        rows = {"x": random.normal(size=1000), "y": random.normal(size=1000)}
        (tmp_path / "points").mkdir(exist_ok=True)
        pq.write_table(pa.table(rows), tmp_path / "points" / f"{part}.parquet")
    server = start_server(tmp_path, "--data", str(tmp_path / "points"))
    try:
        page = browse("/explorer/points", url=server.url).page
        page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
        assert "2,000 rows" in page.inner_text(".explorer-facts")
    finally:
        stop_server(server)
