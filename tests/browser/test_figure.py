"""The Figure in a real browser: zooms survive every control, no picture blanks or jumps, the address is the view."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.browsing import Visit

Browse = Callable[..., Visit]

RANGES = """() => {
  const { xaxis, yaxis } = stageboard.figure.plot()._fullLayout;
  return [...xaxis.range.map(xaxis.r2l), ...yaxis.range.map(yaxis.r2l)];
}"""
TOLD = """() => {
  window.told = new Promise((done) => {
    addEventListener('stageboard:action', (event) => done(event.detail), { once: true });
  });
}"""
# Pictures take a second to arrive.
LATE = """() => {
  const { decode } = Image.prototype;
  Image.prototype.decode = function () {
    return new Promise((done) => setTimeout(done, 1000)).then(() => decode.call(this));
  };
}"""
# Where the picture is on the screen, and where the axes' rectangle is.
PLACES = """() => {
  const box = (one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return [left, top, width, height];
  };
  return [box(document.querySelector('.imagelayer image')), box(document.querySelector('.figure-graph .nsewdrag'))];
}"""
# Note each frame whether a picture is there, until told otherwise.
FRAMES = """() => {
  window.frames_seen = [];
  const note = () => {
    const image = document.querySelector('.imagelayer image');
    frames_seen.push(image ? image.getAttribute('href') || image.getAttribute('xlink:href') : null);
    window.watching = requestAnimationFrame(note);
  };
  note();
}"""


def opened(browse: Browse, path: str, **how: bool) -> Visit:
    """Open a page, and wait until its picture is drawn and told of."""
    visit = browse(path, **how)
    visit.page.wait_for_function("document.querySelector('#figure-ribbon .ribbon-stage') !== null")
    return visit


def act(visit: Visit, do: Callable[[], object]) -> dict[str, Any]:
    """Do something, wait until the ribbon has told of it, and return what it told."""
    visit.requests.clear()
    visit.page.evaluate(TOLD)
    do()
    # A promise that nobody keeps would be waited for without end.
    detail = visit.page.evaluate("Promise.race([told, new Promise((end) => setTimeout(end, 40000))])")
    assert isinstance(detail, dict)
    return detail


def choose(visit: Visit, control: str, value: object) -> dict[str, Any]:
    """Set a control as its component does."""
    prop = "checked" if isinstance(value, bool) else "value"
    script = f"dash_clientside.set_props('figure-{control}', {{{prop}: {json.dumps(value)}}})"
    return act(visit, lambda: visit.page.evaluate(script))


def middle(visit: Visit) -> tuple[float, float]:
    left, top, width, height = visit.page.evaluate(PLACES)[1]
    return left + width * 0.45, top + height * 0.55


def zoom(visit: Visit) -> dict[str, Any]:
    visit.page.mouse.move(*middle(visit))
    return act(visit, lambda: visit.page.mouse.wheel(0, -240))


def pan(visit: Visit, right: float, down: float) -> dict[str, Any]:
    x, y = middle(visit)

    def drag() -> None:
        visit.page.mouse.move(x, y)
        visit.page.mouse.down()
        visit.page.mouse.move(x + right, y + down, steps=6)
        visit.page.mouse.up()

    return act(visit, drag)


def source(visit: Visit) -> str:
    return str(visit.page.evaluate("document.querySelector('#figure-stage').dataset.shown"))


def ran(detail: dict[str, Any]) -> list[str]:
    return [row["name"] for row in detail["stages"] if row["how"] == "ran"]


def calls(visit: Visit) -> tuple[int, int]:
    """Return how many callbacks and how many pictures were asked for."""
    callbacks = [one for one in visit.requests if "_dash-update-component" in one]
    return len(callbacks), len([one for one in visit.requests if "/image/" in one])


def fits(visit: Visit) -> bool:
    """Whether the picture lies exactly on the axes' rectangle."""
    picture, axes = visit.page.evaluate(PLACES)
    return bool(np.allclose(picture, axes, atol=0.6))


def test_it_opens_quietly_and_only_here(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    host = visit.page.url.split("/figure")[0]
    assert all(one.startswith((host, "data:", "blob:")) for one in visit.requests)
    assert fits(visit)
    expect(visit.page.locator("#figure-graph .modebar-btn")).to_have_count(4)
    assert calls(visit) == (3, 1)


def test_a_zoom_gets_its_own_picture_and_survives_every_control(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    before = source(visit)
    detail = zoom(visit)
    ranges = visit.page.evaluate(RANGES)
    assert detail["changed"] == ["zoom"]
    assert ran(detail) == ["grid", "spread", "stats", "index", "encode"]
    assert calls(visit) == (2, 1)
    assert source(visit) != before
    assert fits(visit)
    for control, value, stages in [
        ("cmap", "kbc", ["encode"]),
        ("normalization", "log", ["stats", "index", "encode"]),
        ("range", [5, 95], ["stats", "index", "encode"]),
        ("spreading", 4, ["spread", "stats", "index", "encode"]),
        ("data_opacity", 45, []),
        ("aggregate", "mean", ["grid", "spread", "stats", "index", "encode"]),
        ("field", "distance", ["grid", "spread", "stats", "index", "encode"]),
        ("aggregate", "count", ["grid", "spread", "stats", "index", "encode"]),
    ]:
        detail = choose(visit, control, value)
        assert detail["changed"] == [control]
        assert set(ran(detail)) <= set(stages), control
        assert visit.page.evaluate(RANGES) == ranges, control
        assert fits(visit), control
    assert choose(visit, "kind", "lines")["changed"] == ["kind"]
    # The server draws these axes anew, to a part of a pixel.
    assert visit.page.evaluate(RANGES) == pytest.approx(ranges, rel=1e-5)
    assert fits(visit)


@pytest.mark.parametrize(
    ("control", "value", "stages"),
    [
        ("cmap", "bgy", ["encode"]),
        ("normalization", "cbrt", ["stats", "index", "encode"]),
        ("range", [10, 80], ["stats", "index", "encode"]),
        ("spreading", 5, ["spread", "stats", "index", "encode"]),
    ],
)
def test_shading_asks_once_and_runs_its_stages(browse: Browse, control: str, value: object, stages: list[str]) -> None:
    visit = opened(browse, f"/figure/places?bounds=-20,{40 + len(control)},30,60")
    shot = visit.page.locator("#figure-graph").screenshot()
    detail = choose(visit, control, value)
    assert ran(detail) == stages
    assert calls(visit) == (1, 1)
    assert visit.page.locator("#figure-graph").screenshot() != shot


def test_opacity_is_the_browsers(browse: Browse) -> None:
    visit = opened(browse, "/figure/places")
    detail = choose(visit, "data_opacity", 30)
    visit.page.wait_for_timeout(400)
    assert calls(visit) == (0, 0)
    assert ran(detail) == []
    assert visit.page.locator(".imagelayer image").get_attribute("opacity") == "0.3"


def test_an_aggregate_that_needs_a_field_asks_once(browse: Browse) -> None:
    visit = opened(browse, "/figure/storms")
    choose(visit, "aggregate", "by")
    visit.page.wait_for_timeout(400)
    assert calls(visit) == (2, 1)
    expect(visit.page.locator("#figure-field")).to_have_value("Basin")
    expect(visit.page.locator("#figure-legend")).to_contain_text("North Atlantic")


def test_no_frame_is_without_a_picture(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    visit.page.evaluate(FRAMES)
    zoom(visit)
    pan(visit, 120, 40)
    choose(visit, "cmap", "bmy")
    visit.page.evaluate("cancelAnimationFrame(watching)")
    frames = visit.page.evaluate("frames_seen")
    assert len(set(frames)) == 4
    assert None not in frames


def test_a_picture_that_comes_late_does_not_move_the_view(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights?bounds=300,900,-50,200")
    visit.page.evaluate(LATE)
    visit.page.mouse.move(*middle(visit))
    visit.page.mouse.wheel(0, -240)
    visit.page.wait_for_timeout(400)
    # The first picture is on its way; the user goes on, and hears once, of both.
    zoomed = visit.page.evaluate(RANGES)
    detail = pan(visit, 90, 0)
    moved = visit.page.evaluate(RANGES)
    assert moved[0] < zoomed[0]
    assert moved[1] - moved[0] == pytest.approx(zoomed[1] - zoomed[0])
    assert detail["changed"] == ["zoom", "pan"]
    assert fits(visit)


def test_a_control_in_the_midst_of_a_gesture_does_not_undo_it(browse: Browse) -> None:
    visit = opened(browse, "/figure/storms?kind=points")
    x, y = middle(visit)
    before = visit.page.evaluate(RANGES)
    # Plotly tells of a wheel's zoom only when it rests; the opacity changes the figure before that.
    turned = visit.page.evaluate(
        """async ([x, y]) => {
          const drag = document.querySelector('.figure-graph .nsewdrag');
          drag.dispatchEvent(new WheelEvent('wheel', { clientX: x, clientY: y, deltaY: -240, bubbles: true }));
          dash_clientside.set_props('figure-data_opacity', { value: 70 });
          await new Promise((done) => setTimeout(done, 20));
          const { xaxis, yaxis } = stageboard.figure.plot()._fullLayout;
          return [...xaxis.range, ...yaxis.range];
        }""",
        [x, y],
    )
    assert turned != before
    there = f"() => {{ const [picture, axes] = ({PLACES})(); return Math.abs(picture[0] - axes[0]) < 1; }}"
    visit.page.wait_for_function(there)
    assert visit.page.evaluate(RANGES) == pytest.approx(turned)
    assert visit.page.locator(".imagelayer image").get_attribute("opacity") == "0.7"
    assert fits(visit)


@pytest.mark.parametrize("how", ["button", "double click", "key"])
def test_a_reset_returns_to_the_datas_bounds_and_not_to_the_addresses(browse: Browse, how: str) -> None:
    visit = opened(browse, "/figure/storms?kind=points&bounds=-90,-30,10,40")
    home = visit.page.evaluate("stageboard.figure.plot().layout.meta.home")
    zoom(visit)
    page = visit.page
    if how == "button":
        detail = act(visit, lambda: page.click("#figure-reset"))
    elif how == "double click":
        detail = act(visit, lambda: page.mouse.dblclick(*middle(visit)))
    else:
        page.focus("#figure-stage")
        detail = act(visit, lambda: page.keyboard.press("0"))
    assert detail["changed"] == ["reset"]
    assert page.evaluate(RANGES) == pytest.approx(home)
    page.wait_for_function("!location.search.includes('bounds')")
    assert fits(visit)


def test_the_keyboard_moves_and_zooms(browse: Browse) -> None:
    visit = opened(browse, "/figure/storms?kind=points&bounds=-90,-30,10,40")
    visit.page.focus("#figure-stage")
    assert act(visit, lambda: visit.page.keyboard.press("ArrowRight"))["changed"] == ["pan"]
    assert visit.page.evaluate(RANGES) == pytest.approx([-78, -18, 10, 40])
    assert act(visit, lambda: visit.page.keyboard.press("+"))["changed"] == ["zoom"]
    assert visit.page.evaluate(RANGES) == pytest.approx([-63, -33, 17.5, 32.5])


def test_a_logarithmic_axis_drops_and_says_what_it_cannot_show(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    detail = choose(visit, "ylog", True)
    assert detail["changed"] == ["ylog"]
    assert visit.page.evaluate("stageboard.figure.plot()._fullLayout.yaxis.type") == "log"
    expect(visit.page.locator("#figure-said")).to_contain_text("rows with no positive value")
    assert fits(visit)
    zoom(visit)
    assert fits(visit)
    visit.page.wait_for_function("location.search.includes('ylog=1') && location.search.includes('bounds')")
    choose(visit, "ylog", False)
    expect(visit.page.locator("#figure-said")).to_be_empty()


def test_a_time_stands_on_an_axis_of_dates_without_a_logarithmic_scale(browse: Browse) -> None:
    visit = opened(browse, "/figure/storms?kind=points&x=time&y=wind")
    ticks = visit.page.locator(".xtick text").all_text_contents()
    assert "2000" in " ".join(ticks)
    assert all(1970 < int(one[-4:]) < 2030 for one in ticks)
    assert fits(visit)
    expect(visit.page.locator("#figure-xlog")).to_be_disabled()
    choose(visit, "x", "wind")
    expect(visit.page.locator("#figure-xlog")).to_be_enabled()


def test_other_columns_open_on_their_own_bounds(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights?bounds=300,900,-50,200")
    detail = choose(visit, "y", "distance")
    assert detail["changed"] == ["y"]
    home = visit.page.evaluate("stageboard.figure.plot().layout.meta.home")
    assert visit.page.evaluate(RANGES)[2:] == home[2:]
    visit.page.wait_for_function("location.search === '?y=distance'")


def test_a_reload_and_a_shared_link_restore_the_view(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights")
    zoom(visit)
    pan(visit, -80, 30)
    choose(visit, "cmap", "kbc")
    choose(visit, "range", [3, 97])
    choose(visit, "spreading", 2)
    visit.page.wait_for_function("location.search.includes('spreading=2')")
    address, picture = visit.page.url, source(visit)
    assert all(part in address for part in ("cmap=kbc", "range=3,97", "bounds="))
    visit.page.reload(wait_until="networkidle")
    visit.page.wait_for_function("document.querySelector('#figure-ribbon .ribbon-stage') !== null")
    assert visit.page.url == address
    assert source(visit) == picture
    expect(visit.page.locator("#figure-cmap")).to_have_value("kbc")
    other = opened(browse, address[address.index("/figure") :])
    assert ran(other.page.evaluate("JSON.parse(sessionStorage.getItem('stageboard-last-action'))")) == []


def test_back_and_forward_restore_the_view(browse: Browse) -> None:
    visit = opened(browse, "/figure/storms?kind=points")
    zoom(visit)
    visit.page.wait_for_function("location.search.includes('bounds')")
    address = visit.page.url
    visit.page.get_by_role("link", name="Stages").first.click()
    visit.page.wait_for_url("**/stages")
    expect(visit.page.locator("main")).to_contain_text("on the Figure")
    visit.page.go_back()
    visit.page.wait_for_function("document.querySelector('#figure-ribbon .ribbon-stage') !== null")
    assert visit.page.url == address
    assert fits(visit)


def test_a_lost_session_is_mended_without_a_word(browse: Browse) -> None:
    visit = opened(browse, "/figure/storms?kind=points")
    visit.page.context.clear_cookies()
    detail = choose(visit, "cmap", "gray")
    assert detail["changed"] == ["cmap"]
    assert fits(visit)
    expect(visit.page.locator("#figure-message")).to_be_empty()
    expect(visit.page.locator("#shell-toast")).to_be_empty()


def test_an_axis_that_grows_to_the_left_shows_its_data_there(browse: Browse) -> None:
    # The rows lie between -180 and 180: on the right half of an axis from 540 on the left to -180 on the right.
    visit = opened(browse, "/figure/stars?bounds=-180,540,-90,90&spreading=3", dark=True)
    pan(visit, -160, 0)
    left, top, width, height = visit.page.evaluate(PLACES)[1]
    clip = {"x": left, "y": top, "width": width, "height": height}
    seen = np.asarray(Image.open(io.BytesIO(visit.page.screenshot(clip=clip))).convert("L"), float)
    edge = width / 2 - 160
    assert seen[:, : int(edge) - 8].std() < 6
    assert seen[:, int(edge) + 8 : int(edge + width / 2) - 8].std() > 20
    assert seen[:, int(edge + width / 2) + 8 :].std() < 6


def test_light_and_dark_have_their_own_ground(browse: Browse) -> None:
    visit = opened(browse, "/figure/places")
    light = visit.page.locator("#figure-graph").screenshot()
    detail = act(visit, lambda: visit.page.emulate_media(color_scheme="dark"))
    assert detail["changed"] == ["theme"]
    assert ran(detail) in (["encode"], [])
    dark = visit.page.locator("#figure-graph").screenshot()
    brightness = [np.asarray(Image.open(io.BytesIO(one)).convert("L")).mean() for one in (light, dark)]
    assert brightness[0] > 180
    assert brightness[1] < 60


def test_a_view_without_rows_says_so(browse: Browse) -> None:
    visit = opened(browse, "/figure/flights?bounds=-5000,-4000,0,1")
    expect(visit.page.locator("#figure-legend")).to_contain_text("No rows in this view.")


def test_a_phone_zooms_and_does_not_scroll_sideways(browse: Browse) -> None:
    visit = opened(browse, "/figure/stars", phone=True)
    zoom(visit)
    assert fits(visit)
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
