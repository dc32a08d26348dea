"""Keys: equal recipes have one text, different ones never do, and what has no text is refused."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.errors import ParameterError
from app.pipeline.keys import KEY_BYTES, canonical, digest, kind_of, scope

whole = st.integers(-(2**53) + 1, 2**53 - 1)
atoms = st.none() | st.booleans() | whole | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
plain = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


def otherwise(value):
    """Return an equal value in other clothes: tuples for lists, the other order, 1.0 for 1."""
    if isinstance(value, dict):
        return {name: otherwise(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return tuple(map(otherwise, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


@given(plain)
def test_equal_parameters_give_equal_text(value):
    assert canonical(value) == canonical(otherwise(value)) == canonical(json.loads(canonical(value)))


@given(plain, plain)
def test_different_parameters_give_different_text(one, other):
    # JSON tells booleans from numbers, as keys must: True == 1 in Python only.
    if canonical(one) == canonical(other):
        assert otherwise(one) == otherwise(other)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_digests_tell_where_texts_end(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


def test_digests_are_short_and_stable():
    assert digest("a", "bc") == digest("a", "bc") != digest("ab", "c")
    assert len(digest()) == 2 * KEY_BYTES == 32
    assert digest("\ud800") != digest("?")  # a lone surrogate, as file names may hold


@pytest.mark.parametrize(
    ("one", "text"),
    [(-0.0, "0"), (2.0, "2"), (np.float64(2.5), "2.5"), (2.0**53, "9007199254740992.0"), ("ä", '"\\u00e4"')],
)
def test_numbers_have_one_form(one, text):
    assert canonical(one) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, {1, 2}, object(), b"bytes", np.int64(3), np.ones(2)])
def test_what_has_no_text_is_refused_wherever_it_is(value):
    for holder in (value, [value], {"a": (1, value)}):
        with pytest.raises(ParameterError, match="cannot be part of a key"):
            canonical(holder)


def test_names_that_would_become_equal_text_are_refused():
    with pytest.raises(ParameterError, match="use text"):
        canonical({1: "a", "1": "b"})


@pytest.mark.parametrize("size", [3, 100_000, 250_000])
def test_arrays_are_refused_whole_never_keyed_by_a_sample(size):
    one = np.zeros(size)
    other = one.copy()
    other[size // 2] = 1
    for array in (one, other):
        with pytest.raises(ParameterError, match="cannot be part of a key"):
            canonical({"weights": array})


def test_long_lists_that_differ_in_one_value_have_two_keys():
    one = [0.5] * 150_000
    other = [*one[:75_000], 0.25, *one[75_001:]]
    assert digest(canonical(one)) == digest(canonical(list(one)))
    assert digest(canonical(one)) != digest(canonical(other))


names = st.lists(st.text(max_size=4), min_size=1, max_size=3)


@given(names, names)
def test_a_scope_begins_with_those_that_it_is_a_part_of_and_no_other(one, other):
    assert scope(*one).startswith(scope(*other)) == (one[: len(other)] == other)
    assert kind_of(f"{scope(*one)}grid-{digest(*one)}") == "grid"
