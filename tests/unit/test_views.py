"""Which pixels a view of some bounds shows: as the golden views have it, to which the browser is held as well."""

import json
from pathlib import Path

import pytest

from app.pipeline.types import Bounds
from app.pipeline.world import PixelRect, World, mercator_bounds

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "views.json").read_text())


@pytest.mark.parametrize("kind", ["own", "free"])
@pytest.mark.parametrize("name", GOLDEN["worlds"])
def test_bounds_are_shown_where_they_are(name: str, kind: str) -> None:
    crs, *corner = GOLDEN["worlds"][name]
    cases = [one[1:] for one in GOLDEN[kind] if one[0] == name]
    assert len(cases) > 30
    for bounds, width, height, z, x0, y0 in cases:
        shown = mercator_bounds(Bounds(*bounds)) if crs == "lonlat" else Bounds(*bounds)
        assert World(*corner).snap(shown, width, height) == PixelRect(z, x0, x0 + width, y0, y0 + height), bounds
