"""PNG: another reader sees the same pixels."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from app.pipeline.palettes import COLORMAPS
from app.pipeline.png import direct, indexed, levelled
from app.pipeline.scale import STEPS
from app.pipeline.shade import colour_table

few = settings(deadline=None, max_examples=50)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))
opacities = st.sampled_from([0, 1, 40, 99, 100])


def opened(data):
    """Return the pixels as Pillow reads them, RGBA; it verifies every checksum."""
    Image.open(io.BytesIO(data)).verify()
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def mode(data):
    """Return whether an image has a palette."""
    return Image.open(io.BytesIO(data)).mode


@few
@given(hnp.arrays(np.uint16, shapes, elements=st.integers(0, STEPS + 1)), st.sampled_from(sorted(COLORMAPS)), opacities)
def test_levels_have_the_colours_of_their_table(levels, name, opacity):
    table = colour_table(COLORMAPS[name])
    pixels = opened(levelled(levels, table, opacity))
    np.testing.assert_array_equal(pixels[..., 3], np.where(levels == 0, 0, round(255 * opacity / 100)))
    np.testing.assert_array_equal(pixels[levels > 0][:, :3], table[levels[levels > 0], :3])


@pytest.mark.parametrize(("count", "wanted"), [(1, "P"), (255, "P"), (256, "RGBA")])
def test_few_colours_are_indexed(count, wanted):
    levels = np.arange(0, count + 1, dtype=np.uint16)[np.newaxis]
    data = levelled(levels, colour_table(COLORMAPS["fire"]))
    assert mode(data) == wanted
    np.testing.assert_array_equal(opened(data)[0, 1:, :3], colour_table(COLORMAPS["fire"])[1 : count + 1, :3])


@few
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(4))), opacities)
def test_colours_come_back(rgba, opacity):
    found = opened(direct(rgba, opacity))
    np.testing.assert_array_equal(found[..., :3], rgba[..., :3])
    np.testing.assert_array_equal(found[..., 3], np.floor(rgba[..., 3].astype(int) * opacity / 100 + 0.5))


def test_an_image_of_nothing_is_transparent():
    assert not opened(indexed(np.zeros((3, 5), np.uint8), np.zeros((0, 3), np.uint8)))[..., 3].any()
