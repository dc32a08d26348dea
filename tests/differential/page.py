"""The pages in a browser, and what they show, as values."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.differential.cases import Case
from tests.differential.truth import Window, World

Bytes = npt.NDArray[np.uint8]
READING = Path(__file__).with_name("reading.js").read_text()
PATIENCE = 120_000
"""Milliseconds for a page on a busy machine."""


@dataclass
class Seen:
    """What the Explorer shows of a case."""

    told: dict[str, Any]
    window: Window
    world: World
    pixels: Bytes

    @property
    def field(self) -> dict[str, Any]:
        """The field in use, as the page is told of it; empty for counts."""
        name = self.told["spec"].split(".")[4:]
        return next((one for one in self.told["info"]["fields"] if [one["name"]] == name), {})

    @property
    def colours(self) -> list[str]:
        """The colours in use: of the colormap, or of the categories."""
        return self.field["colors"] if self.told["colours"] else hexes(self.told["palette"])


class Pages:
    """A page for each ratio of pixels, which goes from case to case.

    Parameters
    ----------
    browser : Browser
    url : str
        The server's.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self._open: dict[int, Page] = {}
        self.problems: list[str] = []

    def close(self) -> None:
        """Close all pages."""
        for page in self._open.values():
            page.context.close()

    def of(self, case: Case) -> Page:
        """Return the page for a case, in its theme and size."""
        page = self._open.get(case.ratio) or self._opened(case.ratio)
        page.set_viewport_size({"width": case.size[0], "height": case.size[1]})
        page.emulate_media(color_scheme="dark" if case.dark else "light")
        return page

    def _opened(self, ratio: int) -> Page:
        context = self._browser.new_context(device_scale_factor=ratio, bypass_csp=True)
        context.add_init_script("localStorage.setItem('stageboard-prefetch', 'off')")
        context.add_init_script(READING)
        page = self._open[ratio] = context.new_page()
        page.set_default_navigation_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        return page

    def explorer(self, case: Case) -> Seen:
        """Open the Explorer on a case, and read what it shows."""
        page = self._at(case, "explorer", "rested")
        told = page.evaluate("() => differential.explorer()")
        x0, x1, y0, y1 = told["rect"]
        window, world = Window(told["z"], x0, x1, y0, y1), told["info"]["world"]
        pixels = np.frombuffer(base64.b64decode(told.pop("pixels")), np.uint8).reshape(*window.shape, 4)
        return Seen(told, window, World(**{name: world[name] for name in World._fields}), pixels)

    def figure(self, case: Case) -> dict[str, Any]:
        """Open the Figure on a case, and read what it shows."""
        return self._at(case, "figure", "figureRested").evaluate(
            "cmap => differential.figure(cmap)", case.query["cmap"]
        )

    def _at(self, case: Case, name: str, rested: str) -> Page:
        page = self.of(case)
        page.mouse.move(0, 0)
        page.goto(self._url + case.address(name), wait_until="load")
        page.wait_for_function(f"() => differential.{rested}()", timeout=PATIENCE)
        page.evaluate("() => differential.frames()")
        page.wait_for_function(f"() => differential.{rested}()", timeout=PATIENCE)
        return page

    def fetch(self, case: Case, path: str) -> bytes:
        """Return what an address of the server answers, to the page's own session."""
        answer = self.of(case).context.request.get(self._url + path)
        assert answer.status in (200, 204), f"{path} is answered {answer.status}: {answer.text()[:200]}"
        return answer.body() if answer.status == 200 else b""

    @contextmanager
    def without_errors(self) -> Iterator[None]:
        """Let an exception in a page be an error here."""
        self.problems.clear()
        yield
        assert not self.problems, self.problems


def picture(body: bytes) -> Bytes:
    """Return a PNG's pixels, shape (height, width, 4)."""
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGBA"))


def hexes(colours: list[list[int]]) -> list[str]:
    """Return colours as '#rrggbb'."""
    return ["#{:02x}{:02x}{:02x}".format(*one) for one in colours]
