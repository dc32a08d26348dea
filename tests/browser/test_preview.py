"""Previews: while tiles are on their way, what the page holds of other zooms stands in for them, and it is said."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.browsing import Visit

Browse = Callable[..., Visit]

# How many pixels of the zoom in use are filled.
FILLED = """() => {
  const scratch = Object.assign(document.createElement('canvas'), { width: 512, height: 512 });
  const pen = scratch.getContext('2d', { willReadFrequently: true });
  let filled = 0;
  for (const { canvas } of stageboard.explorer.view.current()) {
    pen.clearRect(0, 0, 512, 512);
    pen.drawImage(canvas, 0, 0);
    for (const word of new Uint32Array(pen.getImageData(0, 0, 512, 512).data.buffer)) if (word) filled++;
  }
  return filled;
}"""
CORE = """const core = ({ values, apron, size }) => {
  const side = size + 2 * apron, out = [];
  for (let y = apron; y < size + apron; y++) out.push(...values.subarray(y * side + apron, y * side + apron + size));
  return out;
};"""
ONLY = "(wanted) => ({ x, y, z }) => (z === wanted ? stageboard.tileCache.peek(view.address({ x, y, z })) : undefined)"


def opened(browse: Browse, path: str, **how: bool) -> Page:
    page = browse(path, **how).page
    page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
    expect(page.locator(".explorer-state")).to_have_text("exact")
    return page


@contextmanager
def slow(page: Page) -> Iterator[list[Route]]:
    """Keep tiles from coming while the block runs."""
    held: list[Route] = []
    page.route("**/tiles/**", lambda one: held.append(one))
    yield held
    for one in held:
        one.continue_()
    page.unroute("**/tiles/**")


def move(page: Page, script: str) -> None:
    page.evaluate(f"{{ const map = stageboard.explorer.map; {script} }}")


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/explorer/flights", "map.setZoom(map.getZoom() + 1, { animate: false })"),
        ("/explorer/stars", "map.setZoom(map.getZoom() + 3, { animate: false })"),
        ("/explorer/stars?bounds=-20,20,-10,10", "map.setZoom(map.getZoom() - 1, { animate: false })"),
        ("/explorer/flights?aggregate=mean", "map.setZoom(map.getZoom() + 1, { animate: false })"),
        ("/explorer/storms?aggregate=by&field=basin", "map.setZoom(map.getZoom() + 1, { animate: false })"),
    ],
)
def test_a_picture_is_there_before_its_tiles(browse: Browse, path: str, script: str) -> None:
    page = opened(browse, path)
    state = page.locator(".explorer-state")
    expect(state).to_have_text("exact")
    with slow(page) as held:
        move(page, script)
        page.wait_for_function(f"({FILLED})() > 2000")
        expect(state).to_have_text("preview")
        # Leaflet has let go of the old zoom: nothing stands beside the preview or under it.
        page.wait_for_function("document.querySelectorAll('.explorer-data .leaflet-tile-container').length === 1")
        assert held
    expect(state).to_have_text("exact")
    assert page.evaluate("stageboard.explorer.view.current().every((one) => one.tile === one.next)")


def test_a_picture_is_as_bright_and_on_the_same_colours_as_its_preview(browse: Browse) -> None:
    page = opened(browse, "/explorer/stars")
    scale = "({ top: stageboard.explorer.view.shader.scale.hi, radius: stageboard.explorer.view.drawn.radius })"
    with slow(page):
        move(page, "map.setZoom(map.getZoom() + 1, { animate: false })")
        page.wait_for_function("stageboard.explorer.view.current().every((one) => one.painted)")
        filled, before = page.evaluate(FILLED), page.evaluate(scale)
    expect(page.locator(".explorer-state")).to_have_text("exact")
    assert page.evaluate(FILLED) == pytest.approx(filled, rel=0.05)
    after = page.evaluate(scale)
    assert before["radius"] == after["radius"]
    assert before["top"] == pytest.approx(after["top"], rel=0.3)


def test_an_enlarged_tile_keeps_every_row_in_its_place(browse: Browse) -> None:
    page = opened(browse, "/explorer/stars")
    parts = page.evaluate(
        f"""() => {{
          {CORE}
          const {{ view }} = stageboard.explorer, zoom = view.layer._tileZoom, held = ({ONLY})(zoom);
          const one = view.current().find(({{ next }}) => next && !next.empty);
          const wide = new Uint32Array(512 * 512);
          for (const [right, down] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {{
            const at = {{ x: 2 * one.coords.x + right, y: 2 * one.coords.y + down, z: zoom + 1 }};
            const cells = core(stageboard.previewOf(held, at, 'count'));
            const again = core(stageboard.previewOf(held, at, 'count'));
            if (String(cells) !== String(again)) throw new Error('a preview does not stand still');
            cells.forEach((count, i) => {{
              wide[((down * 512 + (i >> 9)) >> 1) * 512 + ((right * 512 + (i & 511)) >> 1)] += count;
            }});
          }}
          return [String(core(one.next)) === wide.join(), core(one.next).reduce((a, b) => a + b)];
        }}"""
    )
    assert parts[0]
    assert parts[1] > 1000


@pytest.mark.parametrize(("path", "aggregate"), [("/explorer/stars", "count"), ("/explorer/flights", "max")])
def test_merged_tiles_are_the_coarser_one(browse: Browse, path: str, aggregate: str) -> None:
    page = opened(browse, f"{path}?aggregate={aggregate}" if aggregate != "count" else path)
    expect(page.locator(".explorer-state")).to_have_text("exact")
    # All four tiles that lie on one, and that one.
    same = page.evaluate(
        f"""async () => {{
          {CORE}
          const {{ view }} = stageboard.explorer, zoom = view.layer._tileZoom, held = ({ONLY})(zoom);
          const {{ x, y }} = view.current().find(({{ next }}) => next && !next.empty).coords;
          const at = {{ x: x >> 1, y: y >> 1, z: zoom - 1 }}, none = new AbortController().signal;
          for (const [right, down] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {{
            const part = {{ x: 2 * at.x + right, y: 2 * at.y + down, z: zoom }};
            await stageboard.fetchTile(view.address(part), [0, 1, 0, 1], none);
          }}
          const {{ tile }} = await stageboard.fetchTile(view.address(at), [0, 1, 0, 1], none);
          const cells = core(stageboard.previewOf(held, at, view.look.aggregate));
          return [String(core(tile)) === String(cells), cells.filter((value) => value > 0).length];
        }}"""
    )
    assert same[0]
    assert same[1] > 1000


def test_a_pan_keeps_the_scale_until_its_tiles_come(browse: Browse) -> None:
    page = opened(browse, "/explorer/stars?bounds=-40,40,-20,20")
    move(page, "map.setZoom(map.getZoom() - 1, { animate: false })")
    page.wait_for_timeout(800)
    move(page, "map.setZoom(map.getZoom() + 1, { animate: false })")
    page.wait_for_timeout(800)
    version = page.evaluate("stageboard.explorer.view.shader.version")
    with slow(page) as held:
        move(page, "map.panBy([700, 0], { animate: false })")
        page.wait_for_function(
            "stageboard.explorer.view.current().filter((one) => one.preview && one.painted).length > 1"
        )
        assert held
        assert page.evaluate("stageboard.explorer.view.shader.version") == version
    expect(page.locator(".explorer-state")).to_have_text("exact")


def test_the_value_under_the_cursor_is_never_a_previews(browse: Browse) -> None:
    page = opened(browse, "/explorer/flights?spreading=2")
    box = page.locator(".leaflet-container").bounding_box()
    assert box
    value = page.locator("#explorer-value")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.7)
    expect(value).to_contain_text("row")
    with slow(page):
        move(page, "map.setZoom(map.getZoom() + 1, { animate: false })")
        page.wait_for_function(f"({FILLED})() > 2000")
        expect(value).not_to_contain_text("row")
    expect(value).to_contain_text("row")
