"""Lines lie where rows that pandas sorts, splits and cuts lie: the truth of `tests/differential`."""

from pathlib import Path

import numpy as np
import pytest

from app.datasets.recognise import recognise
from app.pipeline.roots import PlotRoot
from app.pipeline.table import fingerprint
from tests.differential import truth
from tests.differential.data import make_files


@pytest.mark.parametrize("name", ["tracks", "voyages"])
@pytest.mark.parametrize("seed", [0, 1, 4])
def test_lines_lie_where_pandas_puts_them(tmp_path: Path, name: str, seed: int) -> None:
    source = make_files(tmp_path, seed)[name]
    plot = recognise(source.path).plots[0]
    found = PlotRoot(plot, fingerprint(source.path)).open().at
    assert found.world is not None
    world = truth.World(found.world.x0, found.world.y0, found.world.dx, found.world.dy)
    for seen, right in zip((found.x, found.y), truth.quanta(source, world), strict=True):
        np.testing.assert_array_equal(np.isnan(seen), np.isnan(right))
        # Where a line is cut, the last digit of its coordinates decides the quantum.
        assert np.nanmax(np.abs(seen - right)) <= 1
    np.testing.assert_array_equal(found.row, truth.on_plane(source).row)
    raw, right = PlotRoot(plot, fingerprint(source.path), raw=True).open().at, truth.places(source)
    np.testing.assert_allclose(raw.x, right.x, rtol=0, atol=1e-9)
    np.testing.assert_allclose(raw.y, right.y, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(raw.row, right.row)
