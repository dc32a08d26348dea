"""Draw every page in dark, light and phone width into ``docs/screenshots``, from the app as a user starts it."""

import os
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.browsing import DESKTOP, FLAGS, PHONE, ROOT, start_server, stop_server

PAGES = {
    "home": "/",
    "explorer": "/explorer/flights",
    "explorer-places": "/explorer/places",
    "explorer-storms": "/explorer/storms",
    "explorer-stars": "/explorer/stars",
    "figure": "/figure/flights",
    "stages": "/stages",
    "not-found": "/nowhere",
}
LOOKS = {"dark": (DESKTOP, "dark"), "light": (DESKTOP, "light"), "phone": (PHONE, "dark")}
# Long enough for kernels to compile and tiles to be shaded on a small machine.
SETTLE_MS = 4000


def main() -> None:
    """Start the app, open each page in each look, and save what is seen."""
    out = ROOT / "docs" / "screenshots"
    out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        server = start_server(Path(folder))
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        for look, ((width, height), scheme) in LOOKS.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(server.url + path, wait_until="networkidle")
                page.wait_for_timeout(SETTLE_MS)
                page.screenshot(path=out / f"{name}-{look}.png")
            context.close()
        browser.close()
        stop_server(server)


if __name__ == "__main__":
    main()
