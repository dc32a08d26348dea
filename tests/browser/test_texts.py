"""Every number that the page writes names what it stands for: ticks, values, moments, and the ends of a colour bar."""

import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from app.ui.bundle import ASSETS
from tests.browser import reading

SCRIPTS = ("calendar.js", "format.js", "ticks.js")
TICKS = "all => all.map(([kind, low, high, most]) => stageboard.format.ticks(kind, low, high, most))"
CALLS = "all => all.map(([name, ...rest]) => stageboard.format[name](...rest))"
YEAR = 365.2425 * reading.DAY
READ: dict[str, Callable[[str], Fraction]] = {
    "number": lambda text: reading.number(text)[0],
    "degrees": reading.degrees,
    "clock": reading.clock,
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page with the scripts that write alone."""
    page = browser.new_page()
    for name in SCRIPTS:
        page.add_script_tag(path=ASSETS / name)
    yield page
    page.close()


def written(text: str) -> str:
    """Return a text with the page's own minus sign."""
    return text.replace("~", reading.MINUS)


def labels(page: Page, kind: str, low: float, high: float, most: int = 8) -> list[str]:
    return [one["label"] for one in page.evaluate(TICKS, [[kind, low, high, most]])[0]]


@pytest.mark.parametrize(
    ("kind", "low", "high", "told"),
    [
        ("number", 100.01, 100.09, "100.01 100.02 100.03 100.04 100.05 100.06 100.07 100.08 100.09"),
        ("number", 1_600_000_100, 1_600_000_500, ";".join(f"1.600000{one} B" for one in range(10, 55, 5))),
        ("number", -6e6, 6e6, "~6 M;~4 M;~2 M;0;2 M;4 M;6 M"),
        ("number", -2e-9, 2.9e-9, "~2e~9 ~1e~9 0 1e~9 2e~9"),
        ("number", 3e18, 9e18, "3e18 4e18 5e18 6e18 7e18 8e18 9e18"),
        ("number", 1e15, 1e15 + 40, " ".join(f"1.0000000000000{one:02}e15" for one in range(0, 45, 5))),
        ("degrees", -0.5, 0.6, "~0.4° ~0.2° 0.0° 0.2° 0.4° 0.6°"),
        ("degrees", 10, 12, "10.00° 10.25° 10.50° 10.75° 11.00° 11.25° 11.50° 11.75° 12.00°"),
        ("degrees", 0.1, 0.13, "0.100° 0.105° 0.110° 0.115° 0.120° 0.125° 0.130°"),
        ("clock", -30, 90, "00:00 00:15 00:30 00:45 01:00 01:15 01:30"),
        ("clock", 1430, 1460, "23:50 23:55 24:00 24:05 24:10 24:15 24:20"),
        ("clock", 600, 601, "10:00:00 10:00:10 10:00:20 10:00:30 10:00:40 10:00:50 10:01:00"),
        ("clock", 600, 600.02, "10:00:00.0 10:00:00.2 10:00:00.4 10:00:00.6 10:00:00.8 10:00:01.0 10:00:01.2"),
    ],
)  # fmt: skip
def test_ticks_are_written_so(page: Page, kind: str, low: float, high: float, told: str) -> None:
    assert labels(page, kind, low, high) == written(told).split(";" if ";" in told else " ")


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (1e12 + 0.1, 1e12 + 4, ["2001-09-09 01:46:40.001", "01:46:40.002", "01:46:40.003", "01:46:40.004"]),
        (reading.DAY * 2 - 3000, reading.DAY * 2 + 1000,
         ["1970-01-02 23:59:57.000", *(f"2 Jan 23:59:{one}00" for one in ("57.5", "58.0", "58.5", "59.0", "59.5")),
          *(f"3 Jan 00:00:0{one}00" for one in ("0.0", "0.5", "1.0"))]),
        (0, 6 * 3_600_000, ["1970-01-01 00:00", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"]),
        (0, 1.6 * reading.DAY,
         ["1970-01-01 00:00", *[f"{one} Jan {hour}:00" for one in (1, 2) for hour in ("00", "06", "12", "18")][1:-1]]),
        (0, 5 * reading.DAY, ["1 Jan 1970", "2 Jan 1970", "3 Jan 1970", "4 Jan 1970", "5 Jan 1970", "6 Jan 1970"]),
        (reading.days(949, 6, 1) * reading.DAY, reading.days(953, 6, 1) * reading.DAY,
         ["Jul 0949", "Jan 0950", "Jul 0950", "Jan 0951", "Jul 0951", "Jan 0952", "Jul 0952", "Jan 0953"]),
        (reading.days(-210, 1, 1) * reading.DAY, reading.days(90, 1, 1) * reading.DAY,
         ["~0200", "~0150", "~0100", "~0050", "0000", "0050"]),
        (reading.days(-100_000, 1, 1) * reading.DAY, reading.days(200_000, 1, 1) * reading.DAY,
         ["~100000", "~50000", "0000", "50000", "100000", "150000", "200000"]),
    ],
)  # fmt: skip
def test_ticks_of_moments_are_written_so(page: Page, low: float, high: float, told: list[str]) -> None:
    assert labels(page, "date", low, high) == list(map(written, told))


def ranges(kind: str, count: int) -> list[list[Any]]:
    """Return ranges of an axis: of all sizes, about zero, far from it, and down to the last bits of a float."""
    rng = np.random.default_rng(sum(map(ord, kind)))
    made: list[list[Any]] = []
    for _ in range(count):
        if kind == "date":
            middle, span = rng.uniform(-8e3, 6e3) * YEAR, 10.0 ** rng.uniform(0.5, 14.2)
        elif kind == "clock":
            middle, span = rng.uniform(-100, 3000), 10.0 ** rng.uniform(-3, 3.5)
        elif kind == "degrees":
            middle, span = rng.uniform(-180, 360), 10.0 ** rng.uniform(-9, 2.5)
        else:
            middle = rng.choice([-1, 0, 1]) * 10.0 ** (
                rng.uniform(-290, 290) if rng.random() < 0.4 else rng.uniform(-12, 18)
            )
            span = (abs(middle) or 10.0 ** rng.uniform(-290, 290)) * 10.0 ** rng.uniform(-14, 3)
        made.append([kind, float(middle - span / 2), float(middle + span / 2), int(rng.integers(3, 14))])
    return made


def read_ticks(kind: str, found: list[dict[str, Any]]) -> list[Fraction]:
    if kind != "date":
        read = {"number": lambda text: reading.number(text)[0], "degrees": reading.degrees, "clock": reading.clock}[
            kind
        ]
        return [read(one["label"]) for one in found]
    day, values = None, []
    for one in found:
        value, day = reading.moment(one["label"], day)
        values.append(value)
    return values


@pytest.mark.parametrize("kind", ["number", "degrees", "clock", "date"])
def test_each_tick_names_the_place_where_it_stands(page: Page, kind: str) -> None:
    asked = ranges(kind, 600)
    for (_, low, high, most), found in zip(asked, page.evaluate(TICKS, asked), strict=True):
        texts = [one["label"] for one in found]
        assert len(set(texts)) == len(texts), (low, high, texts)
        assert max(map(len, texts), default=0) <= (24 if kind == "date" else 25), (low, high, texts)
        for one, named in zip(found, read_ticks(kind, found), strict=True):
            assert low <= one["value"] <= high
            # A thousandth of a pixel, of as many as there may be between ticks; or what a float cannot hold.
            close = Fraction(high - low) / (most * 100 * 1000) + Fraction(float(np.spacing(abs(float(one["value"])))))
            assert abs(named - Fraction(one["value"])) <= close, (low, high, one)
        coarse = high - low > 1e-12 * max(abs(low), abs(high)) and (kind != "date" or high - low > 1000)
        if coarse and (kind != "clock" or low > 0):
            assert len(found) >= most // 4, (low, high, most, texts)
        assert len(found) <= most + 2, (low, high, most, texts)


def test_steps_are_as_even_as_their_texts(page: Page) -> None:
    asked = ranges("number", 200)
    for (_, low, high, _), found in zip(asked, page.evaluate(TICKS, asked), strict=True):
        values = read_ticks("number", found)
        steps = {b - a for a, b in pairwise(values)}
        assert len(steps) <= 1, (low, high, found)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (["full", 12_345_678], "12,345,678"),
        (["full", -0.5], "~0.5"),
        (["full", 2**53 - 1], "9,007,199,254,740,991"),
        (["full", 6.7e-10], "6.7e~10"),
        (["full", 0.0000012345], "1.2345e~6"),
        (["exact", 45_480_082, True], "45,480,082"),
        (["exact", 0.10000000149011612, True], "0.1"),
        (["exact", 0.10000000149011613, True], "0.10000000149011613"),
        (["exact", 0.10000000149011612, False], "0.10000000149"),
        (["exact", 3.4028234663852886e38, True], "3.4028235e38"),
        (["exact", 12345678.901234567, False], "12,345,678.9012"),
        (["exact", 2.5, False], "2.5"),
        (["certain", float(np.float32(45_480_082.37))], "45.4801 M"),
        (["certain", float(np.float32(6.700123456e-10))], "6.70012e~10"),
        (["certain", float(np.float32(12345.6789))], "12,345.7"),
        (["certain", float(np.float32(123_455.4))], "123,455"),
        (["certain", 123_455.5], "0.12346 M"),
        (["certain", float(np.float32(0.1))], "0.1"),
        (["short", 999_999.6], "1 M"),
        (["short", 100.01], "100"),
        (["short", 0.00012345], "0.000123"),
        (["short", 12_345.6], "12,346"),
        (["fixed", -0.04, 1], "0.0"),
        (["fixed", 9.996, 2], "10.00"),
        (["fixed", 1234.5, 0], "1,235"),
        (["clock", -10], "23:50"),
        (["clock", -1445], "23:55"),
        (["clock", 1450], "24:10"),
        (["clock", 600.51, 0.01], "10:00:30.6"),
        (["moment", 983_404_800_000], "2001-03-01 00:00:00"),
        (["moment", -1], "1969-12-31 23:59:59.999"),
        (["moment", 0.25], "1970-01-01 00:00:00.000250"),
        (["coordinate", 1.00000000012345, "number", 1e-12], "1.000000000123"),
        (["coordinate", 12_345.6, "number", 30], "12,346"),
        (["coordinate", 1_601_234_567, "number", 1000], "1.601235 B"),
        (["coordinate", 10.257, "degrees", 0.02], "10.26°"),
    ],
)
def test_values_are_written_so(page: Page, call: list[Any], told: str) -> None:
    assert page.evaluate(CALLS, [call]) == [written(told)]


def test_what_is_infinite_or_missing_is_named(page: Page) -> None:
    code = "() => ['full', 'short', 'certain'].map(name => [Infinity, -Infinity, NaN].map(stageboard.format[name]))"
    assert page.evaluate(code) == [["∞", written("~∞"), "–"]] * 3


def floats(count: int) -> list[float]:
    rng = np.random.default_rng(5)
    found = rng.choice([-1, 1], count) * 10.0 ** rng.uniform(-30, 30, count)
    return [*found.tolist(), 9.999995, 1.000005, 123_455.0, 2.0**-149, 3.4e38]


def test_every_digit_of_a_rounded_value_is_true(page: Page) -> None:
    true = floats(1000)
    kept = [struct.unpack("f", struct.pack("f", one))[0] for one in true]
    for value, text in zip(true, page.evaluate(CALLS, [["certain", one] for one in kept]), strict=True):
        named, half = reading.number(text)
        assert abs(named - Fraction(value)) <= half, (value, text)
        assert abs(value) < 1e-37 or abs(named - Fraction(value)) <= abs(Fraction(value)) / 20_000, (value, text)


def test_a_fields_own_value_is_read_back(page: Page) -> None:
    wide = floats(500)[:500]
    single = [float(np.float32(one)) for one in wide]
    for value, text in zip(wide, page.evaluate(CALLS, [["exact", one, True] for one in wide]), strict=True):
        assert float(reading.number(text)[0]) == value, text
    for value, text in zip(single, page.evaluate(CALLS, [["exact", one, True] for one in single]), strict=True):
        assert np.float32(float(reading.number(text)[0])) == np.float32(value), text
