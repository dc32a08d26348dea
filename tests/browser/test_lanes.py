"""Latest wins, in a real browser: what the user dragged past is neither computed to its end nor asked for again."""

import re
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from playwright.sync_api import Request, Route

from tests.browser.browsing import Visit

Browse = Callable[..., Visit]
MOVES = 60
EDGE = 120  # pixels: nearer to the edge lie buttons
PATIENCE = 30
VIEW = """() => {
  const { lane } = stageboard.explorer.view;
  return { rect: lane.rect, generation: lane.generation };
}"""
SETTLED = """() => {
  const { tiles, lane } = stageboard.explorer.view;
  const wanted = [...tiles.values()].filter(({ coords }) => lane.holds(coords.z - 1, coords.x, coords.y));
  return !stageboard.explorer.moving && lane.pending === 0 && wanted.length > 0 && wanted.every((one) => one.next);
}"""


def opened(browse: Browse, path: str) -> Visit:
    visit = browse(path)
    visit.page.wait_for_function("document.querySelector('.ribbon-stage') !== null")
    return visit


def idle(visit: Visit) -> dict[str, Any]:
    """Wait until the server computes nothing, and return its health."""
    until, health = monotonic() + PATIENCE, {}
    while monotonic() < until:
        health = visit.page.request.get(visit.page.evaluate("location.origin") + "/health").json()
        if health["computing"] == 0:
            return health
        sleep(0.02)
    raise AssertionError(f"the server does not come to rest: {health}")


def drag(visit: Visit) -> None:
    """Drag the map across the screen in many small moves, and up and down meanwhile, a frame each."""
    box = visit.page.locator(".leaflet-container").bounding_box()
    assert box
    x, y = box["x"] + EDGE, box["y"] + EDGE
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    for step in range(1, MOVES + 1):
        across, down = step / MOVES, 1 - abs(4 * step / MOVES % 2 - 1)
        visit.page.mouse.move(x + across * (box["width"] - 2 * EDGE), y + down * (box["height"] - 2 * EDGE))
        visit.page.evaluate("() => new Promise(requestAnimationFrame)")
    visit.page.mouse.up()


def lane_of(request: Request) -> tuple[str, int, list[int]]:
    """Return a request's lane, its generation, and the rectangle that its view shows."""
    name, generation = request.headers["stageboard-lane"].split(".")
    return name, int(generation), [int(one) for one in request.headers["stageboard-view"].split(",")]


def within(url: str, rect: list[int]) -> bool:
    """Whether a tile lies in a rectangle."""
    found = re.search(r"/(\d+)/(\d+)$", url)
    assert found
    return rect[0] <= int(found[1]) < rect[1] and rect[2] <= int(found[2]) < rect[3]


def test_after_a_long_drag_only_the_last_view_is_wanted(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights?plot=routes&aggregate=std&field=delay&bounds=-98,-96,32,33")
    asked: list[Request] = []
    answered: dict[Request, int] = {}
    visit.page.on("request", lambda one: asked.append(one) if "stageboard-lane" in one.headers else None)
    visit.page.on("response", lambda one: answered.update({one.request: one.status}))
    drag(visit)
    visit.page.wait_for_function(SETTLED)
    last = visit.page.evaluate(VIEW)
    assert idle(visit)["computing"] == 0
    lanes = [lane_of(one) for one in asked]
    assert len({name for name, _, _ in lanes}) == 1
    generations = [generation for _, generation, _ in lanes]
    assert generations == sorted(generations)
    # Each generation is one view. The server was told of the last one, unless it had answered all by then.
    views = {generation: rect for _, generation, rect in lanes}
    assert all(views[generation] == rect for _, generation, rect in lanes)
    assert views.get(last["generation"], last["rect"]) == last["rect"]
    tiles = [one for one in asked if one.method == "GET"]
    assert tiles
    # What was not answered was given up, and lies outside the last view or was asked for again.
    assert all(answered.get(one, 0) in (0, 200, 204) for one in asked)
    whole = {one.url for one in tiles if answered.get(one)}
    assert all(one.url in whole or not within(one.url, last["rect"]) for one in tiles)


ZOOM = "(by) => { const { map } = stageboard.explorer; map.setZoom(map.getZoom() + by, { animate: false }); }"


def held(visit: Visit) -> list[Route]:
    """Let the tiles of a deeper zoom never be answered, and return these requests."""
    routes: list[Route] = []
    visit.page.route("**/tiles/**", lambda route: routes.append(route))
    visit.page.evaluate(ZOOM, 2)
    visit.page.wait_for_function("stageboard.explorer.view.lane.pending > 1")
    return routes


def test_what_is_given_up_without_a_new_request_is_told(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    routes = held(visit)
    with visit.page.expect_response("**/lanes/**") as answer:
        visit.page.evaluate(ZOOM, -2)
    assert answer.value.status == 204
    visit.page.wait_for_function(SETTLED)
    view = visit.page.evaluate(VIEW)
    assert lane_of(answer.value.request)[1:] == (view["generation"], view["rect"])
    assert all(one.request.failure == "net::ERR_ABORTED" for one in routes)


def test_leaving_the_explorer_ends_what_it_waits_for(browse: Browse) -> None:
    visit = opened(browse, "/explorer/flights")
    routes = held(visit)
    with visit.page.expect_response("**/lanes") as answer:
        visit.page.get_by_role("link", name="Home").first.click()
    assert answer.value.status == 204
    assert lane_of(answer.value.request)[1] > max(lane_of(one.request)[1] for one in routes)
    visit.page.locator(".cards").wait_for()
