"""The composed picture: its data are the server's to the pixel, and its file says what it shows."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.browsing import Server
from tests.browser.test_seen import SIZES, exported, look, ready

__all__ = ["look"]

BARE = {"map": False, "axes": False, "legend": False, "title": False, "attribution": False, "ground": False}
WHOLE = dict.fromkeys(BARE, True)
COMPOSED = """async (wish) => {
  const page = stageboard.explorer;
  const { picture, data, texts } = await stageboard.compose(page, wish, undefined, () => {});
  const file = new Uint8Array(await (await stageboard.composedFile(page, wish, undefined, () => {})).arrayBuffer());
  let text = "";
  for (let i = 0; i < file.length; i += 32768) text += String.fromCharCode(...file.subarray(i, i + 32768));
  const { rect, z, drawn } = picture;
  const ground = page.ground();
  return { file: btoa(text), data, texts, z, ground, address: location.origin + location.pathname + page.query(),
           href: stageboard.exportAddress(page.info, drawn, rect, z, ground) };
}"""


def composed(page: Page, **wish: Any) -> tuple[Any, dict[str, Any]]:
    """Return a composed picture as it comes from its file, and what the page knows of it."""
    found = page.evaluate(COMPOSED, wish)
    return Image.open(io.BytesIO(base64.b64decode(found["file"]))), found


@pytest.mark.parametrize(
    ("address", "size", "times"),
    [
        ("places?basemap=none", (2100, 1500), 1),
        ("places?aggregate=by&field=continent&category=Oceania", (2400, 1900), 1),
        ("places?aggregate=max&field=population&bounds=-30,60,20,70", (600, 380), -1),
        ("stars?normalization=log", (1152, 738), 0),
    ],
)
def test_its_data_are_the_servers_to_the_pixel(server: Server, look, address, size, times) -> None:
    page = look(f"{server.url}/explorer/{address}", SIZES["desktop"])
    zoom = page.evaluate("stageboard.explorer.map.getZoom() - 1")
    picture, found = composed(page, width=size[0], height=size[1], **BARE)
    assert picture.size == size
    assert found["z"] - zoom == times
    pixels, wanted = np.asarray(picture.convert("RGBA")).astype(int), exported(page, found["href"])
    assert (pixels[..., 3] == wanted[..., 3]).all()
    opaque = wanted[..., 3] == 255
    assert opaque.any()
    assert (pixels[opaque] == wanted[opaque]).all()


@pytest.mark.parametrize(("address", "ground"), [("places", True), ("flights", True), ("flights", False)])
def test_all_parts_stand_around_the_same_data(server: Server, look, address: str, ground: bool) -> None:
    page = look(f"{server.url}/explorer/{address}?cmap=bgy", SIZES["desktop"], dark=True)
    page.evaluate("stageboard.explorer.map.panBy([60, 40], { animate: false })")
    ready(page)
    picture, found = composed(page, width=1500, height=1100, **{**WHOLE, "map": False, "ground": ground})
    pixels, place = np.asarray(picture.convert("RGBA")).astype(int), found["data"]
    wanted = exported(page, found["href"])
    assert wanted.shape[:2] == (place["height"], place["width"])
    left, top = place["left"], place["top"]
    inside = pixels[top : top + place["height"], left : left + place["width"]]
    # Names of axes and the scale bar stand on the data's edge.
    middle = (slice(60, -60), slice(200, -200))
    opaque = wanted[middle][..., 3] == 255
    assert opaque.any()
    assert (inside[middle][opaque] == wanted[middle][opaque]).all()
    parts = {"title": pixels[:top], "legend": pixels[top + place["height"] + (60 if address == "flights" else 0) :]}
    for part in parts.values():
        assert len(np.unique(part.reshape(-1, 4), axis=0)) > 20
    assert (pixels[..., 3].min() == 255) == ground
    text = picture.text
    assert text["Source"] == found["address"]
    assert "cmap=bgy" in text["Source"]
    assert "bounds=" in text["Source"]
    # What is read again from there is the same view.
    page.goto(text["Source"])
    ready(page)
    assert page.evaluate("location.origin + location.pathname + stageboard.explorer.query()") == text["Source"]


def test_its_file_tells_how_many_rows_it_shows(server: Server, look) -> None:
    page = look(f"{server.url}/explorer/places", SIZES["desktop"])
    picture, _ = composed(page, width=1152, height=738, **BARE)
    assert picture.text["Rows"] == "234,908 rows in the plot; 234,908 rows in this picture"
    assert picture.text["Title"] == "World places · Places"
    assert picture.text["Software"] == "Stageboard"
    page.goto(f"{server.url}/explorer/places?aggregate=mean&field=population")
    ready(page)
    picture, _ = composed(page, width=640, height=400, **WHOLE)
    assert picture.text["Rows"] == "234,908 rows in the plot"
    assert "GeoNames" in picture.text["Copyright"]
    assert "Natural Earth" in picture.text["Copyright"]


def test_the_dialog_makes_a_file_and_says_why_it_makes_none(server: Server, look) -> None:
    page = look(f"{server.url}/explorer/flights", SIZES["desktop"])
    page.click("#explorer-export")
    dialog = page.get_by_role("dialog", name="Export PNG")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Twice").click()
    width = dialog.get_by_label("Width, px")
    assert int(width.input_value()) > 1900
    width.fill("9000")
    dialog.get_by_role("button", name="Download").click()
    expect(dialog.get_by_role("status")).to_have_text(
        "A side of 9000 pixels is not possible: choose whole numbers from 64 to 8,000."
    )
    width.fill("300")
    dialog.get_by_label("Height, px").fill("100")
    dialog.get_by_role("button", name="Download").click()
    expect(dialog.get_by_role("status")).to_contain_text("leave no room for the data")
    width.fill("900")
    dialog.get_by_label("Height, px").fill("700")
    dialog.get_by_label("Title").uncheck()
    with page.expect_download() as coming:
        dialog.get_by_role("button", name="Download").click()
    with Image.open(coming.value.path()) as picture:
        assert picture.size == (900, 700)
    assert coming.value.suggested_filename == "flights-time.png"
    expect(dialog).to_have_count(0)
    page.click("#explorer-export")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("#explorer-export")).to_be_focused()
