"""The colour bar's numbers stand at the places of the values that they name, and its ends are the scale's own."""

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from app.ui.bundle import ASSETS
from tests.browser import reading

# A scale as the page has it, of some values in order: by a curve, or by how many values are not above one.
TICKS = """([values, how, kind]) => {
  const [lo, hi] = [values[0], values.at(-1)];
  const curve = { linear: [(x) => x, (y) => y], log: [Math.log1p, Math.expm1], cbrt: [Math.cbrt, (y) => y ** 3] }[how];
  const span = (x) => curve[0](Math.max(x - lo, 0)) / curve[0](hi - lo);
  const share = (x) => values.filter((one) => one <= x).length / values.length;
  const [start, end] = [share(lo), share(hi)];
  const cut = (at) => Math.max(0, Math.min(1, at));
  const scale = {
    lo, hi, min: lo, max: hi, normalization: how,
    position: (x) => (hi > lo ? cut(curve ? span(x) : (share(x) - start) / (end - start)) : x < lo ? 0 : 1),
    value: (p) => (p <= 0 ? lo : p >= 1 ? hi : curve ? lo + curve[1](p * curve[0](hi - lo))
      : values.find((one) => share(one) >= start + p * (end - start) - 1e-12)),
  };
  const look = { aggregate: "mean" };
  return [stageboard.barTicks(scale, look, { kind }), stageboard.endTexts(scale, look, { kind })];
}"""
ENDLESS = """() => { const scale = { lo: -Infinity, hi: Infinity, position: () => 1, value: () => Infinity };
  return [stageboard.barTicks(scale).map((one) => one.text), stageboard.endTexts(scale, {})]; }"""
DAY = 86_400_000.0
MARCH = reading.days(2001, 3, 1) * DAY


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page with the scripts that write a legend alone."""
    page = browser.new_page()
    for name in ("calendar.js", "format.js", "legend.js"):
        page.add_script_tag(path=ASSETS / name)
    yield page
    page.close()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([100.01, 100.09], ["100.01", "100.03", "100.05", "100.07", "100.09"]),
        ([0, 1013], ["0", "300", "500", "800", "1,013"]),
        ([0, 3e6], ["0", "0.8 M", "1.5 M", "2.3 M", "3 M"]),
        ([5, 5], ["5"]),
        ([-3.2e38, 3.2e38], ["-3.2e38", "0", "1.6e38", "3.2e38"]),
        ([-30, 70], ["-30", "0", "20", "50", "70"]),
        ([-7, 1.5], ["-7", "-5", "-3", "0", "1.5"]),
        ([1e-300, 5e-300], ["1e-300", "2e-300", "3e-300", "4e-300", "5e-300"]),
        ([1.0, 1.0000000000000002], ["1", "1.0000000000000002"]),
    ],
)
def test_a_smooth_bar_has_round_numbers(page: Page, values: list[float], told: list[str]) -> None:
    ticks = page.evaluate(TICKS, [values, "linear", "number"])[0]
    assert [one["text"].replace(reading.MINUS, "-") for one in ticks] == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([MARCH - 27_000, MARCH + 400 * DAY], ["1 Mar 2001", "5 Apr 2002"]),
        ([MARCH, MARCH + 1000], ["2001-03-01 00:00:00", "2001-03-01 00:00:01"]),
        ([MARCH, MARCH + 1], ["2001-03-01 00:00:00.000", "2001-03-01 00:00:00.001"]),
        ([MARCH - 27_000, MARCH + DAY], ["1 Mar 2001", "2 Mar 2001"]),
        ([MARCH - 27_000, MARCH + DAY / 24], ["2001-03-01 00:00", "2001-03-01 01:00"]),
        ([MARCH - 27_000], ["2001-02-28 23:59:33"] * 2),
    ],
)
def test_ends_in_time_are_named_as_finely_as_the_bar_shows(page: Page, values: list[float], told: list[str]) -> None:
    assert page.evaluate(TICKS, [values, "linear", "time"])[1] == told


def test_ends_without_number_are_named(page: Page) -> None:
    assert page.evaluate(ENDLESS) == [[f"{reading.MINUS}∞", "∞"]] * 2


def samples(count: int) -> Iterator[tuple[list[float], str]]:
    """Yield values of all sizes and shapes, in order, with a normalisation."""
    rng = np.random.default_rng(11)
    for i in range(count):
        size, n = 10.0 ** rng.choice([-300, -12, -3, 0, 2, 6, 10, 17, 37]), int(rng.integers(2, 400))
        shape = rng.normal if i % 3 else rng.lognormal
        values = shape(0, 1 + i % 4, n) * size + (rng.normal() * size * 10.0 ** rng.integers(0, 10) if i % 2 else 0)
        if i % 5 == 0 and 1 <= size <= 1e10:
            values = np.rint(np.abs(values))
        yield np.sort(values).tolist(), ("linear", "log", "cbrt", "eq_hist")[i // 7 % 4]


def place(values: list[float], how: str, at: Fraction) -> float:
    """Return where a value stands on the bar, 0 to 1."""
    low, high, value = values[0], values[-1], float(at)
    if how == "eq_hist":
        first = bisect_right(values, low) / len(values)
        return float((bisect_right(values, value) / len(values) - first) / max(1 - first, 1e-12))
    curve = {"linear": float, "log": np.log1p, "cbrt": np.cbrt}[how]
    return float(curve(max(value - low, 0.0)) / curve(high - low))


def test_each_number_stands_at_its_place(page: Page) -> None:
    for values, how in samples(420):
        if not values[-1] > values[0]:
            continue
        found, ends = page.evaluate(TICKS, [values, how, "number"])
        case: list[Any] = [how, values[0], values[-1], found]
        named = [reading.number(one["text"]) for one in found]
        assert all(a < b for (a, _), (b, _) in pairwise(named)), case
        assert [found[0]["at"], found[-1]["at"]] == [0, 1], case
        width = Fraction(values[-1]) - Fraction(values[0])
        for (value, _), end in zip((named[0], named[-1]), (values[0], values[-1]), strict=True):
            assert abs(value - Fraction(end)) <= max(width / 100, abs(Fraction(end)) / 10**15), case
        for (value, half), one in zip(named, found, strict=True):
            low, high = (place(values, how, value + side * half) for side in (-1, 1))
            assert low - 0.012 <= one["at"] <= high + 0.012, (case, one)
        assert [reading.number(one)[0] for one in ends] == [named[0][0], named[-1][0]], case
