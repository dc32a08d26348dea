"""A user corrects on the page how a file was taken: for one view, in its address, with the TOML that makes it last."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsing import Server, Visit, start_server, stop_server
from tests.browser.test_explorer import opened
from tests.browser.test_seen import ready

BERN = (7.45, 46.95)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a national grid, and ships that are silent for two hours."""
    folder = tmp_path_factory.mktemp("rereading")
    rng = np.random.default_rng(1)
    grid = pd.DataFrame({"east": 2_600_000 + rng.normal(0, 900, 3000), "north": 1_200_000 + rng.normal(0, 900, 3000)})
    grid.to_parquet(folder / "grid.parquet")
    at = np.tile(np.arange(200), 20)
    ships = pd.DataFrame(
        {
            "vessel_id": np.repeat(np.arange(20), 200),
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(60 * at + 7200 * (at >= 100), unit="s"),
            "lon": np.repeat(rng.uniform(5, 10, 20), 200) + at * 0.002,
            "lat": np.repeat(rng.uniform(40, 45, 20), 200) + at * 0.001,
        }
    )
    ships.to_parquet(folder / "ships.parquet")
    running = start_server(folder, "--data", str(folder / "grid.parquet"), "--data", str(folder / "ships.parquet"))
    yield running
    stop_server(running)


def chosen(page: Page, name: str, option: str) -> None:
    """Choose an option of a control of the reading."""
    page.locator(f"#explorer-{name}").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_plane_is_laid_on_the_map_and_back(browse: Callable[..., Visit]) -> None:
    page = opened(browse, "/explorer/grid?cmap=bmy").page
    assert page.evaluate("stageboard.explorer.info.crs") == "plane"
    page.locator(".rereading summary").click()
    expect(page.locator("#explorer-gap")).to_be_hidden()
    page.locator("#explorer-epsg").fill("EPSG:2056")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"plot=east_north~epsg-2056&cmap=bmy$"))
    page.wait_for_function("stageboard.explorer?.info.plot.endsWith('epsg-2056')")
    ready(page)
    x0, x1, y0, y1 = page.evaluate("stageboard.explorer.bounds()")
    assert x0 < BERN[0] < x1
    assert y0 < BERN[1] < y1
    expect(page.locator(".rereading pre")).to_contain_text('crs = "EPSG:2056"')
    expect(page.locator("#explorer-system")).to_have_value("EPSG:2056")
    chosen(page, "system", "A plane, each axis its own")
    page.wait_for_function("stageboard.explorer?.info.plot.endsWith('~plane~free')")
    ready(page)
    expect(page.locator(".rereading pre")).to_contain_text('scales = "free"')
    chosen(page, "system", "As recognised")
    page.wait_for_function("stageboard.explorer?.info.plot === 'east_north'")
    expect(page).to_have_url(re.compile("/explorer/grid.cmap=bmy$|plot=east_north&cmap=bmy$"))


def test_tracks_are_cut_at_other_gaps(browse: Callable[..., Visit]) -> None:
    page = opened(browse, "/explorer/ships?plot=tracks").page
    page.locator(".rereading summary").click()
    chosen(page, "gap", "1 hour")
    page.wait_for_function("stageboard.explorer?.info.plot === 'tracks~gap-3600'")
    ready(page)
    expect(page.locator(".notes")).to_contain_text("20 gaps of over 3600 seconds")
    chosen(page, "gap", "1 day")
    page.wait_for_function("stageboard.explorer?.info.plot === 'tracks~gap-86400'")
    expect(page.locator(".notes")).not_to_contain_text("gaps of over")
    expect(page.locator(".rereading pre")).to_contain_text("gap_time = 86400")
    page.go_back()
    page.wait_for_function("stageboard.explorer?.info.plot === 'tracks~gap-3600'")
