"""PNG: another reader sees the same pixels, and a new palette touches none of them."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from app.pipeline.errors import CodecError
from app.pipeline.palettes import COLORMAPS, channels, find_colormap
from app.pipeline.png import chunks, direct, indexed, read_levels, recoloured

images = hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)))
few = settings(deadline=None, max_examples=50)


def opened(data):
    """Return the pixels as Pillow reads them, RGBA; it verifies every checksum."""
    Image.open(io.BytesIO(data)).verify()
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@few
@given(images, st.sampled_from(sorted(COLORMAPS)))
def test_levels_have_the_colours_of_their_map(levels, name):
    data = indexed(levels, find_colormap(name))
    pixels = opened(data)
    assert np.array_equal(pixels[..., 3], np.where(levels == 0, 0, 255))
    places = (levels[levels > 0].astype(int) - 1) / 254
    # As Datashader interpolates between the colours of a map, and cuts.
    wanted = [np.interp(places, np.linspace(0, 1, 256), one).astype(np.uint8) for one in channels(find_colormap(name))]
    assert np.array_equal(pixels[levels > 0][:, :3], np.stack(wanted, axis=-1))
    assert np.array_equal(read_levels(data), levels)


@few
@given(images, st.sampled_from(sorted(COLORMAPS)), st.sampled_from(sorted(COLORMAPS)))
def test_a_new_palette_is_as_if_it_had_been_the_first(levels, one, other):
    data = indexed(levels, COLORMAPS[one])
    assert recoloured(data, COLORMAPS[other]) == indexed(levels, COLORMAPS[other])


@few
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(4))))
def test_colours_come_back_and_have_no_palette(rgba):
    data = direct(rgba)
    assert np.array_equal(opened(data), rgba)
    assert recoloured(data, COLORMAPS["bgy"]) == data


def test_chunks_are_found():
    data = indexed(np.ones((3, 5), np.uint8), COLORMAPS["fire"])
    assert [one.type for one in chunks(data)] == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    assert list(chunks(data))[-1].stop == len(data)


def test_what_is_no_image_is_an_error():
    with pytest.raises(CodecError, match="not a PNG image"):
        recoloured(b"GIF89a", COLORMAPS["fire"])
