"""PNG: another reader sees the same pixels."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from app.pipeline.errors import CodecError
from app.pipeline.palettes import COLORMAPS
from app.pipeline.png import chunks, direct, indexed, levelled
from app.pipeline.scale import STEPS
from app.pipeline.shade import colour_table

few = settings(deadline=None, max_examples=50)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def opened(data):
    """Return the pixels as Pillow reads them, RGBA; it verifies every checksum."""
    Image.open(io.BytesIO(data)).verify()
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def mode(data):
    """Return whether an image has a palette."""
    return Image.open(io.BytesIO(data)).mode


@few
@given(hnp.arrays(np.uint16, shapes, elements=st.integers(0, STEPS + 1)), st.sampled_from(sorted(COLORMAPS)))
def test_levels_have_the_colours_of_their_table(levels, name):
    table = colour_table(COLORMAPS[name])
    pixels = opened(levelled(levels, table))
    np.testing.assert_array_equal(pixels[..., 3], np.where(levels == 0, 0, 255))
    np.testing.assert_array_equal(pixels[levels > 0][:, :3], table[levels[levels > 0], :3])


@pytest.mark.parametrize(("count", "wanted"), [(1, "P"), (255, "P"), (256, "RGBA")])
def test_few_colours_are_indexed(count, wanted):
    levels = np.arange(0, count + 1, dtype=np.uint16)[np.newaxis]
    data = levelled(levels, colour_table(COLORMAPS["fire"]))
    assert mode(data) == wanted
    np.testing.assert_array_equal(opened(data)[0, 1:, :3], colour_table(COLORMAPS["fire"])[1 : count + 1, :3])


@few
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(4))))
def test_colours_come_back(rgba):
    np.testing.assert_array_equal(opened(direct(rgba)), rgba)


def test_an_image_of_nothing_is_transparent():
    assert not opened(indexed(np.zeros((3, 5), np.uint8), np.zeros((0, 3), np.uint8)))[..., 3].any()


def test_chunks_are_found():
    data = indexed(np.ones((3, 5), np.uint8), np.ones((1, 3), np.uint8))
    assert [one.type for one in chunks(data)] == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    assert list(chunks(data))[-1].stop == len(data)


def test_what_is_no_image_is_an_error():
    with pytest.raises(CodecError, match="not a PNG image"):
        list(chunks(b"GIF89a"))
