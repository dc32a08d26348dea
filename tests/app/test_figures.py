"""The plotly figure without its picture: axes, ranges, columns, and the true numbers of its legend."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.datasets import flights, stars, storms
from app.pipeline.canvas import Rows, aggregate_rect
from app.pipeline.scale import NORMALIZATIONS, STEPS, find_scale, levels, places
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot
from app.pipeline.world import PixelRect, pixel_quanta
from app.ui.figures import CONFIG, Column, axis_range, columns, figure, legend, roomy

TAXI = Path("taxi.parquet")
FIELDS = (
    Field("fare", "fare_amount", label="Fare", unit="USD"),
    Field("when", "time", "time"),
    Field("who", "who", "category"),
)
PICKUP, DROPOFF = (
    Plot(name, TAXI, Axis(f"{name}_x", "Easting", "m"), Axis(f"{name}_y", "Northing", "m"), FIELDS, label=name)
    for name in ("pickup", "dropoff")
)
NAMES = {"dataset": "d", "plot": "p", "x": "a", "y": "b", "kind": "points", "xlog": False, "ylog": False}
NUMBER, DATE = Column("a", "Amount", "€"), Column("t", "Time", kind="date")
CLOCK, DEGREES = Column("m", "Minute", "min", "clock"), Column("l", "Longitude", "°", "degrees", reverse=True)


def test_columns_are_the_axes_of_the_files_plots_and_fields_of_numbers_and_times():
    found = columns(Dataset("taxi", "Taxi", (PICKUP, DROPOFF)), DROPOFF)
    assert list(found) == ["dropoff_x", "dropoff_y", "pickup_x", "pickup_y", "fare", "when"]
    assert found["pickup_x"].title == "Easting, pickup (m)"
    assert found["fare"].title == "Fare (USD)"
    assert found["when"].kind == "date"


def test_plots_of_another_file_give_no_columns():
    time, routes = flights.DATASET.plots
    assert "origin_longitude" not in columns(flights.DATASET, time)
    assert list(columns(flights.DATASET, routes))[:2] == ["origin_longitude", "origin_latitude"]
    assert columns(flights.DATASET, time)["minute"].kind == "clock"


def test_an_axis_keeps_the_direction_that_is_declared():
    assert columns(stars.DATASET, stars.DATASET.plots[0])["longitude"].reverse
    assert not columns(storms.DATASET, storms.DATASET.plots[0])["longitude"].reverse


@pytest.mark.parametrize(
    ("column", "log", "type_", "range_", "more"),
    [
        (NUMBER, False, "linear", [10, 1000], set()),
        (NUMBER, True, "log", [1, 3], set()),
        (DATE, False, "date", [10, 1000], set()),
        (CLOCK, False, "date", [600_000, 60_000_000], {"tickformatstops"}),
        (DEGREES, False, "linear", [1000, 10], {"ticksuffix"}),
    ],
    ids=["number", "log", "date", "clock", "degrees"],
)
def test_each_kind_of_axis(column, log, type_, range_, more):
    axis = figure({**NAMES, "xlog": log}, column, NUMBER, Bounds(10, 1000, 1, 2))["layout"]["xaxis"]
    assert (axis["type"], axis["range"], axis["autorange"]) == (type_, range_, False)
    assert more == {"tickformatstops", "ticksuffix"} & set(axis)


def test_only_numbers_have_a_logarithmic_scale():
    assert [one.can_log for one in (NUMBER, DATE, CLOCK, DEGREES)] == [True, False, False, False]


def test_a_view_of_the_address_does_not_change_what_a_reset_returns_to():
    made = figure(NAMES, NUMBER, NUMBER, Bounds(0, 100, 0, 10), Bounds(20, 30, 2, 3))["layout"]
    assert (made["xaxis"]["range"], made["yaxis"]["range"]) == ([20, 30], [2, 3])
    assert made["meta"]["home"] == [0, 100, 0, 10]


def test_a_figure_is_plain_and_has_an_invisible_trace_and_no_picture_yet():
    made = figure(NAMES, NUMBER, DATE, Bounds(0, 100, 0, 10))
    assert json.loads(json.dumps(made)) == made
    assert [(one["opacity"], one["hoverinfo"]) for one in made["data"]] == [(0, "skip")]
    assert made["layout"]["images"] == []


def test_the_revision_changes_with_the_axes_alone():
    first, zoomed, other = (
        figure(names, NUMBER, NUMBER, Bounds(0, 1, 0, 1), view)["layout"]["uirevision"]
        for names, view in ((NAMES, None), (NAMES, Bounds(0, 0.5, 0, 1)), ({**NAMES, "ylog": True}, Bounds(1, 2, 1, 2)))
    )
    assert first == zoomed != other


def test_plotly_offers_nothing_that_leaves_the_page():
    assert [name for group in CONFIG["modeBarButtons"] for name in group] == [
        "pan2d",
        "zoom2d",
        "zoomIn2d",
        "zoomOut2d",
    ]
    assert CONFIG["showSendToCloud"] is False


@pytest.mark.parametrize("log", [False, True])
@given(low=some.floats(1e-6, 1e6), more=some.floats(0, 1e6))
def test_every_axis_has_room(low, more, log):
    found = roomy(Bounds(low, low + more, low, low + more), log, log)
    assert found.x0 < found.x1
    assert found.x0 <= low
    assert found.x1 >= low + more
    assert found.x0 > 0 or not log


def test_a_reversed_logarithmic_axis_runs_down():
    assert axis_range(Column("a", "A", reverse=True), 1, 1000, True) == [3, 0]


counts = some.lists(some.integers(0, 40) | some.integers(0, 10**6), min_size=1, max_size=200)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@given(values=counts, window=some.sampled_from([(0, 100), (5, 90)]), floats=some.booleans())
def test_the_legend_has_the_scale_of_the_picture(normalization, values, window, floats):
    cells = np.array([values], np.uint32)
    cells = np.where(cells, cells * 0.7, np.nan) if floats else cells
    scale = find_scale(cells, normalization, window)
    told = legend(scale, normalization, lambda: cells)
    assert (told is None) == (scale is None)
    if told is None:
        return
    assert (told["low"], told["high"], told["normalization"]) == (scale.low, scale.high, normalization)
    if "knots" in told:
        kept = scale._replace(knots=np.array(told["knots"]), shares=np.array(told["shares"]))
        seen = cells[~np.isnan(cells)] if floats else cells[cells > 0]
        off = places(seen, kept, normalization) - places(seen, scale, normalization)
        assert np.abs(off).max() <= 1 / 256 + 1e-9


def test_a_legend_of_many_values_stays_short():
    cells = np.random.default_rng(1).lognormal(0, 3, (300, 400))
    scale = find_scale(cells, "eq_hist", (10, 60))
    told = legend(scale, "eq_hist", lambda: cells)
    assert len(told["knots"]) < 300
    inside = np.sort(cells[(cells >= scale.low) & (cells <= scale.high)])
    wanted = [inside[round(part * (len(inside) - 1))] for part in (0.25, 0.5, 0.75)]
    assert np.allclose([told["sample"][at] for at in (64, 128, 192)], wanted, rtol=0.1)
    assert told["knots"][-1] == pytest.approx(told["high"] - told["low"], rel=1e-4)


@given(count=some.integers(2, 400))
def test_a_value_stands_on_the_bar_at_the_share_of_the_cells_that_are_not_above_it(count):
    cells = np.geomspace(1, 1e9, count).reshape(1, -1)
    sample = np.array(legend(find_scale(cells, "eq_hist", (0, 100)), "eq_hist", lambda: cells)["sample"])
    shares = (np.searchsorted(sample, cells[0], "right") - 1) / (len(sample) - 1)
    assert np.abs(shares - np.arange(count) / (count - 1)).max() <= 1 / 128


def with_infinities(name: str, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return a field that people compute and that is infinite in some rows."""
    events = rng.poisson(2, count).astype(float)
    with np.errstate(divide="ignore"):
        fields = {"log": np.log10(events), "reciprocal": 1 / events, "odds": np.log(events / np.maximum(6 - events, 0))}
    return fields[name]


@pytest.mark.parametrize("aggregate", ["mean", "max", "min"])
@pytest.mark.parametrize("name", ["log", "reciprocal", "odds"])
def test_infinite_values_leave_the_scale_to_the_finite_ones(name: str, aggregate: str) -> None:
    rng = np.random.default_rng(3)
    x, y = (rng.normal(2000, 40, 20_000).astype(np.uint32) * np.uint32(pixel_quanta(12)) for _ in range(2))
    rows = Rows(x, y, "points", with_infinities(name, rng, len(x)))
    cells = aggregate_rect(rows, PixelRect(12, 1800, 2200, 1800, 2200), aggregate)
    finite = np.isfinite(cells)
    assert np.isinf(cells).any()
    for normalization in NORMALIZATIONS:
        scale = find_scale(cells, normalization, (0, 100))
        told = legend(scale, normalization, lambda: cells)
        assert (told["low"], told["high"]) == (cells[finite].min(), cells[finite].max())
        drawn = levels(cells, scale, normalization)
        assert len(np.unique(drawn[finite])) >= 5
        assert drawn[finite].max() - drawn[finite].min() == STEPS


@pytest.mark.parametrize("low", [0.0, 0.25, -7.5])
def test_a_legend_of_a_figure_begins_at_the_least_cell_however_they_are_equalised(low: float) -> None:
    values = low + np.random.default_rng(3).poisson(2, (200, 300)) * 1.5
    told = legend(find_scale(values, "eq_hist", (0, 100)), "eq_hist", lambda: values)
    assert (told["low"], told["high"]) == (low, values.max())
