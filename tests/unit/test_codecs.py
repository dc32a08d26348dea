"""Codecs: what goes in comes out, and bytes that were not written here are one error."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.pipeline.codecs import CODECS, JSON, NPY, PACKED, RAW
from app.pipeline.errors import CodecError

numbers = hnp.arrays(
    hnp.scalar_dtypes().filter(lambda one: one.kind in "biufcmM"),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(numbers)
@settings(deadline=None)
def test_arrays_come_back_bit_by_bit(array):
    for layout in (array, np.asfortranarray(array), array[..., ::-1] if array.ndim else array):
        found = NPY.decode(NPY.encode(layout))
        assert (found.dtype, found.shape) == (layout.dtype, layout.shape)
        assert found.tobytes() == layout.tobytes()


@given(numbers)
@settings(deadline=None)
def test_a_settled_array_is_as_decoded(array):
    for layout in (array, np.asfortranarray(array), array[..., ::-1] if array.ndim else array):
        settled, found = NPY.settle(layout), NPY.decode(NPY.encode(layout))
        assert (settled.dtype, settled.shape, settled.tobytes()) == (found.dtype, found.shape, found.tobytes())
        assert settled.flags.c_contiguous
        assert not settled.flags.writeable
        assert NPY.encode(settled) == NPY.encode(layout)


def test_settling_refuses_what_encoding_would():
    for codec, value in ((NPY, np.array([{}])), (JSON, {1, 2}), (RAW, "text")):
        with pytest.raises(CodecError):
            codec.settle(value)


@given(hnp.arrays(np.float64, 5, elements=st.floats()), st.integers(0, 200), st.integers(1, 255))
@settings(deadline=None)
def test_a_flipped_bit_is_an_error_or_another_array(array, at, flip):
    data = bytearray(NPY.encode(array))
    data[at % len(data)] ^= flip
    with suppress(CodecError):
        assert isinstance(NPY.decode(bytes(data)), np.ndarray)


@pytest.mark.parametrize("cut", [0, 5, 20, 127, -8, -1])
def test_a_cut_array_is_an_error(cut):
    with pytest.raises(CodecError, match="not a whole array"):
        NPY.decode(NPY.encode(np.arange(4.0))[:cut])


def test_bytes_behind_an_array_are_an_error():
    with pytest.raises(CodecError, match="not a whole array"):
        NPY.decode(NPY.encode(np.arange(4.0)) + bytes(8))


def test_objects_are_refused_both_ways(tmp_path):
    array = np.array([{"a": 1}], dtype=object)
    with pytest.raises(CodecError, match="use numbers"):
        NPY.encode(array)
    np.save(tmp_path / "objects.npy", array, allow_pickle=True)
    with pytest.raises(CodecError, match="holds objects"):
        NPY.decode((tmp_path / "objects.npy").read_bytes())


def test_decoded_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        NPY.decode(NPY.encode(np.zeros(3)))[0] = 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_json_keeps_every_digit(value):
    assert JSON.decode(JSON.encode(value)) == value == JSON.settle(value)


def test_settled_json_has_lists_and_text():
    assert JSON.settle({1: (2, 3)}) == JSON.decode(JSON.encode({1: (2, 3)})) == {"1": [2, 3]}


@pytest.mark.parametrize("value", [math.nan, [math.inf], {1, 2}, b"bytes", object()])
def test_json_refuses_what_it_cannot_write(value):
    with pytest.raises(CodecError, match="cannot be stored as JSON"):
        JSON.encode(value)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\xfd", b"nul"])
def test_what_is_not_json_is_an_error(data):
    with pytest.raises(CodecError, match="not JSON"):
        JSON.decode(data)


@given(st.binary())
def test_bytes_are_kept_as_they_are(data):
    assert RAW.decode(RAW.encode(data)) == data


@pytest.mark.parametrize("value", ["text", bytearray(b"x"), 3, None])
def test_only_bytes_are_bytes(value):
    with pytest.raises(CodecError, match="is not bytes"):
        RAW.encode(value)


def test_each_codec_bears_its_name():
    assert CODECS == {"npy": NPY, "packed": PACKED, "json": JSON, "bytes": RAW}
    assert all(CODECS[name].name == name for name in CODECS)
