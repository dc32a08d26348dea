"""Where a file cannot be opened the page says that it failed, why, what helps, and what it was taken for."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from app.pipeline.types import Axis, Dataset, Plot
from app.ui.cards import card
from app.ui.failure import declaration, failure
from app.ui.preparing import preparing

POINTS = Plot("all", Path("trips of May.csv"), Axis('lon "E"'), Axis("lat"), crs="lonlat")
TRACKS = replace(POINTS, name="tracks", kind="lines", track="ship", crs="plane")


@pytest.mark.parametrize("plot", [POINTS, TRACKS, replace(POINTS, crs="mercator", x=Axis("größe\\n"))])
def test_the_declaration_is_toml_of_what_was_taken(plot: Plot) -> None:
    text = declaration(plot)
    assert text.startswith(f"# {plot.path.name}.toml, ")
    found = tomllib.loads(text)
    assert found.pop("track", "") == plot.track
    scales = {} if plot.geographic else {"scales": "free"}
    assert found == {"x": plot.x.column, "y": plot.y.column, "crs": plot.crs, "kind": plot.kind, **scales}


def test_a_failure_says_so_and_offers_ways_on() -> None:
    shown = str(failure("/explorer", Dataset("trips", "Trips", (POINTS, TRACKS)), POINTS, "line 7 has 3 columns."))
    for said in ("Trips could not be opened", "Line 7 has 3 columns.", "Try again", "Open tracks", "See all data sets"):
        assert said in shown
    assert "/explorer/trips?plot=all" in shown


def test_what_is_being_prepared_holds_what_it_shows_when_that_fails() -> None:
    shown = str(preparing(Dataset("trips", "Trips", (POINTS,)), POINTS))
    assert "Trips could not be prepared" in shown
    assert "trips of May.csv.toml" in shown


def test_a_card_has_a_picture_for_each_scheme_and_says_which_it_is() -> None:
    shown = str(card(Dataset("trips-2", "Trips", (POINTS,)), which="may/trips of May.csv · trips-2"))
    assert "ground=light" in shown
    assert "ground=dark" in shown
    assert "may/trips of May.csv · trips-2" in shown
