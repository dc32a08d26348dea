"""What is seen, again: in the exported picture, after a reload, and beyond the edges of the world."""

import base64
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from datashader import transfer_functions as tf
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.browsing import Server, Visit, start_server, stop_server
from tests.browser.test_explorer import drawn

SIZES = {"desktop": (1280, 860), "odd": (1279, 861), "phone": (390, 844), "large": (1920, 1080)}
R = 20037508.342789244

SEEN = """() => {
  const { map, view, look } = stageboard.explorer;
  const { x0, x1, y0, y1 } = stageboard.viewPixels(map, map.getZoom());
  const [width, height] = [x1 - x0, y1 - y0];
  const scratch = Object.assign(document.createElement("canvas"), { width, height });
  const whole = scratch.getContext("2d", { willReadFrequently: true });
  for (const { canvas, coords } of view.current()) whole.drawImage(canvas, coords.x * 512 - x0, coords.y * 512 - y0);
  const { data } = whole.getImageData(0, 0, width, height);
  let text = "";
  for (let i = 0; i < data.length; i += 32768) text += String.fromCharCode(...data.subarray(i, i + 32768));
  return { place: [map.getZoom() - 1, x0, y0], size: [width, height], pixels: btoa(text), radius: view.drawn.radius,
           opacity: look.data_opacity, palette: look.palette.colours,
           href: document.querySelector("#explorer-export").getAttribute("href") };
}"""
PLACE = """() => {
  const { map } = stageboard.explorer;
  return [map.getZoom(), ...Object.values(stageboard.viewPixels(map, map.getZoom()))];
}"""
# Not even what lone points have by themselves.
UNSPREAD = """() => {
  const { explorer } = stageboard;
  stageboard.sparseSpread = () => 0;
  explorer.apply({ ...explorer.look, spreading: 0 }, "spreading");
}"""


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[tuple[Server, Any]]:
    """Return a server with points in the world's outermost pixels, and their columns and rows at zoom 3."""
    assert browser
    folder = tmp_path_factory.mktemp("edges")
    side, rng = 512 * 2**3, np.random.default_rng(3)
    along, ends = rng.integers(0, side, 300), rng.choice([0, 1, 3, side - 2, side - 1], 300)
    corners = np.array([(x, y) for x in (0, side - 1) for y in (0, side - 1)])
    inner = rng.integers(0, side, (200, 2))
    near = np.abs(rng.integers(-40, 40, (60, 2))) + rng.choice([0, side - 41], (60, 2))
    x, y = np.concatenate([np.stack([ends, along], 1), np.stack([along, ends[::-1]], 1), corners, inner, near]).T
    metres = {"x": -R + (x + 0.5) * 2 * R / side, "y": R - (y + 0.5) * 2 * R / side, "v": rng.normal(0, 9, len(x))}
    metres["kind"] = np.array(["a", "b", "c"])[rng.integers(0, 3, len(x))]
    pq.write_table(pa.table(metres), folder / "rim.parquet")
    (folder / "rim.parquet.toml").write_text('x = "x"\ny = "y"\ncrs = "mercator"\n')
    running = start_server(folder, "--data", str(folder / "rim.parquet"))
    yield running, np.stack([x, y, metres["v"]])
    stop_server(running)


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address and waits until all is drawn."""
    pages: list[Page] = []

    def open_page(url: str, size: tuple[int, int], *, dark: bool = False, ratio: float = 1) -> Page:
        scheme = "dark" if dark else "light"
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            device_scale_factor=ratio,
            bypass_csp=True,
        )
        context.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
        page = context.new_page()
        pages.append(page)
        tile = io.BytesIO()
        Image.new("RGB", (256, 256)).save(tile, "png")
        page.route("**/World_Imagery/**", lambda one: one.fulfill(body=tile.getvalue(), content_type="image/png"))
        page.goto(url)
        ready(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()


def ready(page: Page) -> None:
    drawn(Visit(page))
    page.wait_for_selector("#explorer-export[href]", state="attached")


def told(page: Page) -> dict[str, Any]:
    found = page.evaluate(SEEN)
    width, height = found["size"]
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(height, width, 4).astype(int)
    return found | {"pixels": pixels}


def exported(page: Page, href: str) -> Any:
    answer = page.request.get(page.evaluate("location.origin") + href)
    assert answer.status == 200, answer.text()
    return np.asarray(Image.open(io.BytesIO(answer.body())).convert("RGBA")).astype(int)


def same(seen: dict[str, Any], picture: Any) -> None:
    """Check that a picture has the pixels that are seen, at the opacity at which they are."""
    pixels = seen["pixels"]
    assert picture.shape == pixels.shape
    alpha = np.floor(pixels[..., 3] * seen["opacity"] / 100 + 0.5)
    filled = alpha > 0
    assert filled.any()
    assert ((picture[..., 3] > 0) == filled).all()
    assert (picture[..., 3] == alpha).all()
    # A canvas keeps colours times their alpha: of what is not opaque they come back rounded.
    opaque = filled & (pixels[..., 3] == 255)
    assert (picture[..., :3][opaque] == pixels[..., :3][opaque]).all()


@pytest.mark.parametrize(
    ("address", "size", "ratio"),
    [
        ("places?basemap=none&spreading=2", "desktop", 1),
        ("places?basemap=imagery&data_opacity=35", "odd", 1),
        ("places?aggregate=by&field=continent&data_opacity=60&bounds=-60,60,20,88", "phone", 2),
        ("places?aggregate=by&field=continent&category=Oceania", "odd", 1),
        ("places?aggregate=by&field=country&category=other&normalization=log&spreading=2", "desktop", 1),
        ("storms?aggregate=max&field=wind&normalization=linear&bounds=-170,170,-89,89", "large", 1),
        ("stars?normalization=linear&cmap=bgy", "odd", 2),
    ],
)
@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_the_export_is_what_is_seen(server: Server, look, address: str, size: str, ratio: int, dark: bool) -> None:
    page = look(f"{server.url}/explorer/{address}", SIZES[size], dark=dark, ratio=ratio)
    seen = told(page)
    same(seen, exported(page, seen["href"]))


def test_a_category_is_brought_out_by_the_legend_the_keyboard_and_the_address(server: Server, look) -> None:
    page = look(f"{server.url}/explorer/places?aggregate=by&field=country&basemap=none", SIZES["desktop"])
    before = told(page)["pixels"]
    buttons = page.locator(".legend-categories button")
    assert buttons.count() == 20
    # The last of the list can be reached, though not all are in view.
    last = buttons.last
    last.focus()
    bottom = "getBoundingClientRect().bottom"
    assert last.evaluate(f"(one) => one.{bottom} <= one.closest('ul').{bottom}")
    page.keyboard.press("Enter")
    expect(last).to_have_attribute("aria-pressed", "true")
    expect(last).to_be_focused()
    expect(page).to_have_url(re.compile("category=other"))
    ready(page)
    seen = told(page)
    grey = [int("6f", 16)] * 3 + [255]
    assert (seen["pixels"] == grey).all(-1).sum() > ((before == grey).all(-1)).sum()
    same(seen, exported(page, seen["href"]))
    page.reload()
    ready(page)
    assert (told(page)["pixels"] == seen["pixels"]).all()
    page.locator(".legend-categories button[aria-pressed=true]").click()
    ready(page)
    assert (told(page)["pixels"] == before).all()
    expect(page).not_to_have_url(re.compile("category="))


def test_a_figures_export_has_its_opacity(server: Server, browser: Browser) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.goto(f"{server.url}/figure/flights?data_opacity=40")
    page.wait_for_selector("#figure-export[href]", state="attached")
    picture = exported(page, page.get_attribute("#figure-export", "href") or "")
    assert picture[..., 3].max() == 102
    page.context.close()


@pytest.mark.parametrize(
    ("address", "size", "pan"),
    [
        ("places?bounds=-60,60,20,85", "desktop", (0, 0)),
        ("places?bounds=-60,60,20,85", "odd", (37, -211)),
        ("places?bounds=-180,180,-85,85", "phone", (13, -401)),
        ("places?bounds=-180,180,-85,85", "large", (-901, 387)),
        ("flights?bounds=0,1000,0,60", "odd", (111, 77)),
        ("stars?bounds=10,10.001,5,5.001", "odd", (5000, -3001)),
    ],
)
def test_a_reload_shows_the_same_pixels(server: Server, look, address: str, size: str, pan: tuple[int, int]) -> None:
    page = look(f"{server.url}/explorer/{address}", SIZES[size])
    zoom, x0, x1, y0, y1 = page.evaluate(PLACE)
    page.evaluate("(by) => stageboard.explorer.map.panBy(by, { animate: false })", [*pan])
    page.evaluate("stageboard.explorer.write(); stageboard.explorer.address.flush()")
    ready(page)
    right, down = pan
    moved = [zoom, x0 + right, x1 + right, y0 + down, y1 + down]
    assert page.evaluate(PLACE) == moved
    page.reload()
    ready(page)
    assert page.evaluate(PLACE) == moved


def truth(rows: Any, place: list[int], size: list[int], aggregate: str, radius: int) -> Any:
    """Return the cells of a view, spread, from the rows themselves."""
    (z, x0, y0), (width, height), pad = place, size, 5
    assert z <= 3
    x, y = (rows[axis].astype(int) // 2 ** (3 - z) - corner + pad for axis, corner in ((0, x0), (1, y0)))
    kept = (x >= 0) & (x < width + 2 * pad) & (y >= 0) & (y < height + 2 * pad)
    if aggregate == "count":
        cells = np.zeros((height + 2 * pad, width + 2 * pad), np.uint32)
        np.add.at(cells, (y[kept], x[kept]), 1)
    else:
        cells = np.full((height + 2 * pad, width + 2 * pad), np.nan)
        np.fmax.at(cells, (y[kept], x[kept]), rows[2][kept])
    how = "add" if aggregate == "count" else "max"
    return tf.spread(xr.DataArray(cells, dims=("y", "x")), px=radius, how=how)[pad:-pad, pad:-pad]


# Metres of a pixel at zoom 3, about which views of 1000 by 600 pixels lie.
PIXEL = 2 * R / (512 * 8)
VIEWS = {
    "the whole world": (-R, R, -R, R),
    **{f"{name} at zoom 3": (x - 400 * PIXEL, x + 400 * PIXEL, y - 200 * PIXEL, y + 200 * PIXEL)
       for name, x, y in (("north west", -R, R), ("north east", R, R), ("south west", -R, -R), ("south east", R, -R),
                          ("west", -R, 0.0), ("south", 0.0, -R))},
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "view"),
    [
        *(("spreading=4", view) for view in VIEWS),
        *(("spreading=0", view) for view in ("the whole world", "south east at zoom 3")),
        *(("spreading=2&aggregate=max&field=v", view) for view in ("the whole world", "north west at zoom 3")),
    ],
)
def test_discs_are_whole_beyond_the_edge(edges: tuple[Server, Any], look, view: str, query: str) -> None:
    server, rows = edges
    bounds = ",".join(map(str, VIEWS[view]))
    address = f"{server.url}/explorer/rim?basemap=none&normalization=linear&bounds={bounds}&{query}"
    page = look(address, SIZES["desktop"])
    seen = told(page)
    cells = truth(rows, seen["place"], seen["size"], "max" if "max" in query else "count", seen["radius"])
    (z, x0, y0), (width, height) = seen["place"], seen["size"]
    side = 512 * 2**z
    beyond = np.ones((height, width), bool)
    beyond[max(0, -y0) : max(0, side - y0), max(0, -x0) : max(0, side - x0)] = False
    filled = np.isfinite(cells.data) if cells.dtype.kind == "f" else cells.data > 0
    assert seen["radius"] > 0
    assert (filled & beyond).any()
    palette = ["#{:02x}{:02x}{:02x}".format(*one) for one in seen["palette"]]
    shaded = np.asarray(tf.shade(cells, cmap=palette, how="linear").data).view(np.uint8).reshape(height, width, 4)
    assert ((seen["pixels"][..., 3] > 0) == filled).all()
    assert np.abs(seen["pixels"] - shaded)[filled].max() <= 1
    same(seen, exported(page, seen["href"]))


def test_discs_of_categories_are_whole_too(edges: tuple[Server, Any], look) -> None:
    server, rows = edges
    query = f"basemap=none&aggregate=by&field=kind&spreading=3&bounds={-R},{R},{-R},{R}"
    page = look(f"{server.url}/explorer/rim?{query}", SIZES["desktop"])
    seen = told(page)
    cells = truth(rows, seen["place"], seen["size"], "count", 3)
    assert ((seen["pixels"][..., 3] > 0) == (cells.data > 0)).all()
    same(seen, exported(page, seen["href"]))


def test_tiles_beyond_the_edge_are_neither_fetched_nor_made_without_spreading(edges: tuple[Server, Any], look) -> None:
    server, _ = edges
    asked: list[str] = []
    page = look(f"{server.url}/explorer/rim?basemap=none&spreading=3", SIZES["desktop"])
    page.on("request", lambda one: asked.append(one.url))
    beyond = "stageboard.explorer.view.current().filter((one) => stageboard.isBeyond(one.coords))"
    made = f"{beyond}.filter((one) => !one.next.empty).length"
    assert page.evaluate(f"{beyond}.length") > 0
    assert page.evaluate(made) > 0
    page.evaluate(UNSPREAD)
    page.wait_for_function("stageboard.explorer.view.drawn.radius === 0")
    ready(page)
    assert page.evaluate(made) == 0
    seen = told(page)
    assert not seen["pixels"][:, : -seen["place"][1], 3].any()
    assert not [one for one in asked if "/tiles/" in one]
