"""The page reads what the server writes: every type of tile, and nothing that does not fit."""

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from isal import igzip
from playwright.sync_api import Browser, Page

from app.pipeline.tiles import DTYPES, HEADER, TILE_CODEC
from app.pipeline.world import APRON, TILE
from app.ui.bundle import ASSETS

SIDE = TILE + 2 * APRON
READ = """async ([packed, expected]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer;
  const tile = await stageboard.readTile(bytes(packed)).catch((error) => error.message);
  if (typeof tile === "string") return tile;
  const values = new tile.values.constructor(bytes(expected));
  const same = values.length === tile.values.length && values.every((one, at) => Object.is(one, tile.values[at]));
  return [tile.values.constructor.name, tile.apron, tile.size, tile.planes, tile.float, same];
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page with the script alone."""
    page = browser.new_page()
    page.add_script_tag(path=ASSETS / "wire.js")
    yield page
    page.close()


def told(page: Page, packed: bytes, values: Any) -> Any:
    return page.evaluate(READ, [base64.b64encode(one).decode() for one in (packed, values.tobytes())])


def counts(top: int, planes: int = 0) -> Any:
    values = np.random.default_rng(1).integers(0, top + 1, (planes, SIDE, SIDE) if planes else (SIDE, SIDE), np.uint32)
    values[..., 3, 4] = top
    return values


def floats(share: float, planes: int = 0, scale: float = 1.0) -> Any:
    rng = np.random.default_rng(2)
    shape = (planes, SIDE, SIDE) if planes else (SIDE, SIDE)
    values = np.where(rng.random(shape) < share, rng.integers(1, 99, shape) * scale, np.nan)
    values[..., 0, 0], values[..., -1, -1] = 7, 9
    return values


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (counts(200), "Uint8Array"),
        (counts(60_000, planes=3), "Uint16Array"),
        (counts(2**31), "Uint32Array"),
        (floats(0.0), "Float32Array"),
        (floats(0.2), "Float32Array"),
        (floats(0.2, planes=3), "Float32Array"),
        (floats(1.0), "Float32Array"),
        (floats(0.2, scale=2.0**40 + 1), "Float64Array"),
        (floats(1.0, scale=2.0**40 + 1), "Float64Array"),
    ],
)
def test_every_cell_is_read(page: Page, values: Any, kind: str) -> None:
    packed = TILE_CODEC.encode(values)
    narrow = values.astype(DTYPES[HEADER.unpack_from(igzip.decompress(packed))[1]])
    planes = values.shape[0] if values.ndim == 3 else 1
    assert told(page, packed, narrow) == [kind, APRON, TILE, planes, kind.startswith("Float"), True]


@pytest.mark.parametrize(
    "change", [{4: b"\x06"}, {12: b"\x04"}, {12: b"\x00"}, {17: b"\x01"}, {16: b"\x00"}, {8: b"\x02"}]
)
def test_what_does_not_fit_is_refused(page: Page, change: dict[int, bytes]) -> None:
    body = bytearray(igzip.decompress(TILE_CODEC.encode(floats(0.0))))
    for at, data in change.items():
        body[at : at + len(data)] = data
    assert told(page, igzip.compress(bytes(body)), floats(0.0)) == "this tile is damaged"
