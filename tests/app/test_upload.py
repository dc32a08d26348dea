"""Where a file is dropped, and the list of what was sent."""

import json
import time

from dash.development.base_component import Component
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.suspects import EXTENSIONS
from app.datasets.uploads import Upload
from app.ui.upload import DELETE, age, drop_area, own_table

TRIPS = Upload("upload-trips-00000000", "Trips <of> Ada.csv", 100, 12_345, 3, 0.0)


def as_json(shown: Component) -> str:
    """Return what the browser is sent."""
    return json.dumps(shown, default=Component.to_plotly_json)


def test_the_list_tells_of_each_file_and_has_a_button_for_it() -> None:
    sent = [(TRIPS, 4_096), (Upload("upload-walks-00000000", "walks.csv", 1, 1, 1, time.time()), 0)]
    said = as_json(own_table(sent))
    for text in ("Trips <of> Ada.csv", "12,345", "walks.csv", "just now"):
        assert f'"children": "{text}"' in said
    assert said.count('"children": "Delete"') == 2
    for one, _ in sent:
        assert json.dumps({"type": DELETE, "name": one.name}) in said
        assert f'"/explorer/{one.name}"' in said


def test_a_list_to_read_has_no_buttons_and_an_empty_one_says_so() -> None:
    assert "Delete" not in as_json(own_table([(TRIPS, 1)], deletable=False))
    assert "You have sent nothing that is kept." in as_json(own_table([]))


def test_the_place_for_a_file_tells_the_script_what_may_be_sent() -> None:
    told = drop_area(200_000_000, 1).to_plotly_json()["props"]
    assert (told["data-most"], told["data-accept"]) == ("200000000", ",".join(EXTENSIONS))
    assert "1 day after your last visit" in as_json(drop_area(200_000_000, 1))


@given(st.floats(0, 1e9))
def test_an_age_is_told_in_its_largest_unit(seconds: float) -> None:
    lengths = {"minute": 60, "hour": 3_600, "day": 86_400}
    said = age(seconds)
    if seconds < 60:
        assert said == "just now"
        return
    number, unit = said.replace(",", "").split()
    length = lengths[unit.removesuffix("s")]
    assert int(number) * length <= seconds < (int(number) + 1) * length
    assert seconds < 24 * 3_600 or unit.startswith("day")
