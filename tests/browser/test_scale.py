"""The page's scales, levels and colours, held to the golden vectors that the server is held to."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.browsing import Visit
from tests.golden import make_scales

GOLDEN = json.loads(make_scales.FILE.read_text("utf-8"))

GRADED = """([kind, cells, scales]) => {
  const b = stageboard, part = { x0: 0, x1: cells.length, y0: 0, y1: 1 };
  const float = kind === 'float';
  const number = (one) => (one === null ? NaN : Number(one.replace?.('inf', 'Infinity') ?? one));
  const values = float ? Float64Array.from(cells, number) : Uint32Array.from(cells);
  const grid = float ? { kind: 'float', cells: values, area: part } : { ...b.rank(values), area: part };
  if (kind === 'by') grid.mixed = true;
  const stats = b.visibleStats([{ grid, part }], cells.length);
  return scales.map(({ how, window }) => {
    const scale = b.scaleOf(stats, how, window);
    const levels = scale.levels(float ? grid.cells : grid.values);
    return [scale.lo, scale.hi, float ? [...levels] : Array.from(grid.codes, (code) => (code ? levels[code - 1] : 0))];
  });
}"""

COLOURED = """([colours, levels]) => {
  const palette = { colours: stageboard.parseColours(colours.join('')) };
  const read = (word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255];
  const table = stageboard.colourTable(palette);
  const single = [...stageboard.levelColours(palette, levels)].slice(1);
  return [levels.map((level) => read(table[level])), single.map(read), table[0], table.length];
}"""


@pytest.fixture
def page(browse: Callable[..., Visit]) -> Page:
    """Return a page that has the scripts, and no picture."""
    return browse("/stages").page


def test_the_page_has_their_levels(page: Page) -> None:
    for case in GOLDEN["cases"]:
        found: list[Any] = page.evaluate(GRADED, [case["kind"], case["cells"], case["scales"]])
        for (low, high, levels), wanted in zip(found, case["scales"], strict=True):
            where = (case["name"], wanted["how"], wanted["window"])
            assert (low, high) == (wanted["low"], wanted["high"]), where
            assert levels == wanted["levels"], where


def test_the_page_has_their_colours(page: Page) -> None:
    palette = GOLDEN["palette"]
    table, single, empty, length = page.evaluate(COLOURED, [palette["colours"], palette["levels"]])
    assert (table, single) == (palette["rgb"], palette["rgb"])
    assert (empty, length) == (0, make_scales.STEPS + 2)


def test_percentiles_of_many_cells_are_exact(page: Page) -> None:
    script = """() => {
      let seed = 7;
      const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
      const one = () => Math.exp(20 * random() - 10) * (random() < 0.2 ? -1 : 1);
      const cells = Float64Array.from({ length: 50000 }, one);
      const part = { x0: 0, x1: 500, y0: 0, y1: 100 };
      const stats = stageboard.visibleStats([{ grid: { kind: 'float', cells, area: part }, part }], 50000);
      const sorted = cells.slice().sort();
      return [0.01, 2, 10, 50, 60, 98, 99.99].map((p) => stats.percentile(p) - sorted[Math.ceil(p * 500 - 1e-9) - 1]);
    }"""
    assert page.evaluate(script) == [0] * 7


BARS = """([spread, colours]) => {
  let seed = 11;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const cells = Float64Array.from({ length: 40000 }, () => Math.exp(spread * (random() + random() + random() - 1.5)));
  const part = { x0: 0, x1: 400, y0: 0, y1: 100 };
  const stats = stageboard.visibleStats([{ grid: { kind: 'float', cells, area: part }, part }], 40000);
  const scale = stageboard.scaleOf(stats, 'eq_hist', [0, 100]);
  const sorted = cells.slice().sort();
  const share = (value) => (sorted.findLastIndex((one) => one <= value) + 1) / 40000;
  const palette = { colours: stageboard.parseColours(colours.join('')) };
  const off = [0.1, 0.3, 0.5, 0.8, 0.97].map((at) => share(scale.bar.value(at)) - at);
  const there = (value) => [...stageboard.levelColours(palette, scale.levels([value]))][1];
  const css = scale.bar.gradient?.(palette).match(/rgb\\(\\d+,\\d+,\\d+\\)/g);
  const own = css && [16, 32, 48].map((i) => {
    const word = there(scale.bar.value(i / 64));
    return css[i] === `rgb(${word & 255},${(word >> 8) & 255},${(word >> 16) & 255})`;
  });
  return [scale.bar === scale, off, own ?? null];
}"""


@pytest.mark.parametrize(("tail", "plain"), [(1, True), (20, False)])
def test_a_bar_of_coarse_bins_shows_how_many_cells_have_each_colour(page: Page, tail: float, plain: bool) -> None:
    is_scale, off, own = page.evaluate(BARS, [tail, GOLDEN["palette"]["colours"]])
    assert is_scale == plain
    assert max(map(abs, off)) < 0.01
    assert own == (None if plain else [True] * 3)
