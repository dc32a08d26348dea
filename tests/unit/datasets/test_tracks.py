"""Tracks that a file does not speak of: what moves, and when."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.datasets.catalogue import Added, Entry
from app.datasets.recognise import recognise
from app.pipeline.errors import DataError
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from app.pipeline.types import Plot, TrackOrder


def moving(many: int = 12, steps: int = 60, shuffled: bool = True) -> pd.DataFrame:
    """Return rows of some that move about, interleaved or one by one."""
    random = np.random.default_rng(8)
    lon = random.uniform(-40, 40, (many, 1)) + np.cumsum(random.normal(0, 0.01, (many, steps)), axis=1)
    lat = random.uniform(30, 60, (many, 1)) + np.cumsum(random.normal(0, 0.01, (many, steps)), axis=1)
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(many), steps) + 2**60,
            "when": np.tile(pd.date_range("2026-01-01", periods=steps, freq="10s"), many),
            "lon": lon.ravel(),
            "lat": lat.ravel(),
            "speed": random.normal(9, 1, many * steps),
        }
    )
    return frame.sample(frac=1, random_state=3) if shuffled else frame


def written(folder: Path, frame: pd.DataFrame, said: str = "") -> Path:
    path = folder / "moving.parquet"
    frame.to_parquet(path, index=False)
    path.with_name(f"{path.name}.toml").write_text(said)
    return path


def drawn(plot: Plot) -> tuple[list[list[int]], tuple[str, ...]]:
    """Return the rows of each line as it is drawn, and the notes."""
    points = PlotRoot(plot, fingerprint(plot.path)).open()
    placed = np.isfinite(points.at.x)
    parts = np.split(points.at.row, np.flatnonzero(~placed))
    gaps = [np.split(placed, np.flatnonzero(~placed))[at] for at in range(len(parts))]
    found = [one[kept].tolist() for one, kept in zip(parts, gaps, strict=True)]
    return [one for one in found if one], points.notes


@pytest.mark.parametrize(
    ("columns", "track", "time"),
    [
        ({"id": "mmsi", "when": "BaseDateTime"}, "mmsi", "BaseDateTime"),
        ({"id": "tag-local-identifier", "when": "timestamp"}, "tag-local-identifier", "timestamp"),
        ({"id": "icao24", "when": "time"}, "icao24", "time"),
        ({"id": "TripID", "when": "seen"}, "TripID", "seen"),
        ({}, "id", "when"),
    ],
)
@pytest.mark.parametrize("shuffled", [True, False])
def test_tracks_are_proposed_where_an_id_and_a_time_are(
    tmp_path: Path, columns: dict[str, str], track: str, time: str, shuffled: bool
) -> None:
    found = recognise(written(tmp_path, moving(shuffled=shuffled).rename(columns=columns)))
    assert [(plot.name, plot.kind) for plot in found.plots] == [("map", "points"), ("tracks", "lines")]
    assert (found.plots[1].track, found.plots[1].order) == (track, TrackOrder(time))
    assert any(f"'Tracks' joins the rows of each {track!r} in the order of {time!r}" in note for note in found.notes)
    lines, _ = drawn(found.plots[1])
    assert sorted(map(len, lines)) == [60] * 12


@pytest.mark.parametrize(
    "change",
    [
        # Ids of rows, of what does not move, a heading, no id, no time, times that never change, and text for a time.
        {"id": lambda rows: np.arange(len(rows))},
        {"id": lambda rows: np.random.default_rng(1).integers(0, 3, len(rows))},
        {"id": lambda rows: np.random.default_rng(1).normal(0, 3, len(rows))},
        {"id": lambda rows: None},
        {"id": lambda rows: 7, "lon": lambda rows: np.random.default_rng(4).uniform(-180, 180, len(rows))},
        {"when": lambda rows: pd.Timestamp("2026-01-01")},
        {"when": lambda rows: "noon"},
    ],
)
def test_what_does_not_move_has_no_tracks(tmp_path: Path, change: dict[str, object]) -> None:
    found = recognise(written(tmp_path, moving().assign(**change)))
    assert [plot.kind for plot in found.plots] == ["points"]


@pytest.mark.parametrize(
    ("name", "scale", "seconds"),
    [("time", 1.0, 1.0), ("timestamp_ms", 1e3, 1e-3), ("epoch", 1e6, 1e-6), ("t", 1e9, 1e-9), ("frame", 0.1, 0.0)],
)
def test_numbers_may_be_times(tmp_path: Path, name: str, scale: float, seconds: float) -> None:
    frame = moving()
    since = frame["when"].min() if name == "frame" else pd.Timestamp("1970-01-01")
    frame[name] = ((frame["when"] - since) / pd.Timedelta("1s") * scale).round()
    found = recognise(written(tmp_path, frame.drop(columns="when")))
    assert found.plots[1].order == TrackOrder(name, seconds)
    assert sorted(map(len, drawn(found.plots[1])[0])) == [60] * 12


@pytest.mark.parametrize(("name", "proposed"), [("mmsi", True), ("vendor_id", False)])
def test_a_sure_name_needs_no_near_rows(tmp_path: Path, name: str, proposed: bool) -> None:
    frame = moving(50, 20)
    frame["lon"] = np.random.default_rng(2).uniform(-40, 40, len(frame))
    assert (len(recognise(written(tmp_path, frame.rename(columns={"id": name}))).plots) == 2) == proposed


def test_numbers_that_measure_something_else_are_no_times(tmp_path: Path) -> None:
    frame = moving().rename(columns={"speed": "travel_time"}).drop(columns="when")
    assert len(recognise(written(tmp_path, frame)).plots) == 1


@pytest.mark.parametrize(
    ("ids", "rows"),
    [
        (np.tile([219000001, 219000002], 1000), 2000),
        (np.repeat([["a", "b", "a", "c"]], 25, axis=0).ravel(), 100),
        (np.random.default_rng(5).choice([2**62, 2**62 + 1, 2**62 + 2], 300), 300),
    ],
)
def test_interleaved_tracks_without_times_are_joined_as_they_come(tmp_path: Path, ids: np.ndarray, rows: int) -> None:
    at = np.arange(rows)
    frame = pd.DataFrame({"mmsi": ids, "lat": 55 + at * 1e-4, "lon": 10 + at * 1e-3})
    lines, notes = drawn(recognise(written(tmp_path, frame), kind="lines", track="mmsi").plots[0])
    assert sorted(lines) == sorted(np.flatnonzero(ids == one).tolist() for one in np.unique(ids))
    assert not any("gaps" in note or "alone" in note for note in notes)


@pytest.mark.parametrize(
    ("step", "silence", "degrees", "gaps", "back"),
    [
        (10.0, (601, 40_000), 0.02, 163, 141),  # aircraft, by ADS-B
        (3600.0, (40_000, 4_000_000), 0.05, 20, 60),  # birds, an hour apart
        (0.5, (301, 400), 1e-5, 7, 1000),  # vehicles, twice a second
    ],
)
def test_no_line_is_drawn_over_silence_nor_back_in_time(
    tmp_path: Path, step: float, silence: tuple[int, int], degrees: float, gaps: int, back: int
) -> None:
    random = np.random.default_rng(gaps)
    many, each = 40, 200
    # Every fourth row and the one after it, apart from each other: a gap before it, or the two the wrong way around.
    places = random.permutation(np.flatnonzero(np.arange(many * each) % each % 4 == 2))
    silent, swapped = places[:gaps], places[gaps : gaps + back]
    apart = np.full(many * each, step)
    apart[silent] = random.uniform(*silence, gaps)
    seconds = np.cumsum(apart.reshape(many, each), axis=1).ravel() + 1.7e9
    walk = np.cumsum(random.normal(0, degrees, (2, many, each)), axis=2) + random.uniform(-50, 50, (2, many, 1))
    frame = pd.DataFrame({"icao24": np.repeat([f"{one:06x}" for one in range(many)], each), "time": seconds})
    frame["longitude"], frame["latitude"] = walk.reshape(2, -1)
    order = np.arange(many * each)
    order[swapped], order[swapped + 1] = swapped + 1, swapped
    found = recognise(written(tmp_path, frame.iloc[order]))
    lines, notes = drawn(found.plots[1])
    assert len(lines) == many + gaps
    # Of each line the moments grow, and none is far from the one before.
    times = seconds[order]
    assert all((np.diff(times[one]) > 0).all() and np.diff(times[one]).max(initial=0) <= step * 1.01 for one in lines)
    assert any(note.startswith(f"{back:,} rows earlier than the one before") for note in notes)
    assert any(note.startswith(f"{gaps:,} gaps of over 10 times") for note in notes)


def test_gaps_and_steps_back_are_counted_and_said(tmp_path: Path) -> None:
    # Three kinds of what trackers send: late rows, hours of silence, and a row of another place.
    frame = moving(5, 100, shuffled=False).reset_index(drop=True)
    for ship, silence in enumerate((700, 7200, 0, 86_400, 3600)):
        late = frame.index[ship * 100 + 50 : ship * 100 + 100]
        frame.loc[late, "when"] += pd.Timedelta(silence, "s")
    frame.loc[250, "lon"] += 30
    order = np.arange(500)
    order[[10, 11, 210, 211]] = order[[11, 10, 211, 210]]
    found = recognise(written(tmp_path, frame.iloc[order]))
    lines, notes = drawn(found.plots[1])
    assert sorted(map(len, lines)) == [1, 49, *[50] * 9]
    for said in ("2 rows earlier than", "4 gaps of over 10 times", "2 jumps of over 10 km", "1 row alone in a track"):
        assert any(note.startswith(said) for note in notes), said


@pytest.mark.parametrize(
    ("said", "order", "lines"),
    [
        ("gap_time = 0", TrackOrder("when", gap=0.0), 2),
        ("gap_time = 5.0", TrackOrder("when", gap=5.0), 40),
        ('time = "late"', TrackOrder("late"), 2),
        ('time = "none"', TrackOrder(""), 2),
        ("gap_distance = 0.01", TrackOrder("when", jump=0.01), 40),
        ("gap_distance = 500", TrackOrder("when", jump=500.0), 3),
    ],
)
def test_a_toml_beside_it_says_how_tracks_are_joined(tmp_path: Path, said: str, order: TrackOrder, lines: int) -> None:
    frame = moving(2, 20, shuffled=False).reset_index(drop=True)
    frame["late"] = frame["when"] + pd.Timedelta("1D")
    frame.loc[frame.index >= 30, "when"] += pd.Timedelta("1h")
    plot = recognise(written(tmp_path, frame, f'kind = "lines"\ntrack = "id"\n{said}\n')).plots[0]
    assert plot.order == order
    assert len(drawn(plot)[0]) == lines


def test_an_added_file_keeps_what_is_said_of_its_tracks(tmp_path: Path) -> None:
    entry = Entry(written(tmp_path, moving()), kind="lines", track="id", time="when", gap_time=7.0, gap_distance=0.0)
    Added(tmp_path / "added.json").add(entry)
    plot = Added(tmp_path / "added.json").entries()[0].open().plots[0]
    assert (plot.track, plot.order) == ("id", TrackOrder("when", gap=7.0, jump=0.0))


@pytest.mark.parametrize("said", ["gap_time = -1", "gap_distance = inf", 'gap_time = "5 min"', "gap_time = true"])
def test_gaps_that_are_none_are_a_sentence(tmp_path: Path, said: str) -> None:
    with pytest.raises(DataError, match="use a number from 0, which splits no track"):
        recognise(written(tmp_path, moving(), said))


def test_a_column_of_times_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column named 'whem'; did you mean 'when'"):
        recognise(written(tmp_path, moving()), kind="lines", track="id", time="whem")


def test_times_that_are_not_of_the_positions_do_not_order_them(tmp_path: Path) -> None:
    frame = moving(3, 200, shuffled=False)
    frame["when"] = frame["when"].sample(frac=1, random_state=2).to_numpy()
    found = recognise(written(tmp_path, frame), kind="lines", track="id")
    assert found.plots[0].order == TrackOrder("")
    assert recognise(written(tmp_path, frame), kind="lines", track="id", time="when").plots[0].order.column == "when"


def test_lines_alone_are_enough_where_tracks_are_found(tmp_path: Path) -> None:
    assert recognise(written(tmp_path, moving()), kind="lines").plots[0].track == "id"
    walk = moving(1, 50).drop(columns="id")
    plot = recognise(written(tmp_path, walk), kind="lines").plots[0]
    assert (plot.track, plot.order.column) == ("", "when")
    assert [len(one) for one in drawn(plot)[0]] == [50]
