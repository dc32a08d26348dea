"""Tile specs: one text for equal tiles, and a sentence for all else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.canvas import AGGREGATES
from app.pipeline.errors import ParameterError
from app.pipeline.specs import Spec

slugs = st.from_regex(r"[a-z0-9_-]{1,80}", fullmatch=True)
marks = st.from_regex(r"[0-9a-f]{12}", fullmatch=True)
fields = st.sampled_from([one for one in AGGREGATES if one != "count"])


@given(slugs, marks, slugs, st.tuples(fields, slugs) | st.just(("count", "")))
def test_a_spec_comes_back(dataset, mark, plot, how):
    spec = Spec(dataset, mark, plot, *how)
    assert Spec.parse(str(spec)) == spec
    assert len(str(spec).split(".")) == (4 if how[0] == "count" else 5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no tile spec"),
        ("a.0123456789ab.p", "is no tile spec"),
        ("a.0123456789ab.p.mean.f.g", "is no tile spec"),
        ("a.0123456789ab.p.count.", "is no tile spec"),
        ("A.0123456789ab.p.count", "is no tile spec"),
        ("../x.0123456789ab.p.count", "is no tile spec"),
        ("a.0123456789ab.p.count\n", "is no tile spec"),
        (f"{'a' * 81}.0123456789ab.p.count", "is no tile spec"),
        ("a.0123456789AB.p.count", "is no tile spec"),
        ("a.0123456789xy.p.count", "'0123456789xy' is no fingerprint"),
        ("a.0123456789.p.count", "'0123456789' is no fingerprint"),
        ("a.0123456789ab.p.median.f", "no aggregate 'median'. Known: count, sum"),
        ("a.0123456789ab.p.count.f", "'count' takes no field"),
        ("a.0123456789ab.p.mean", "'mean' takes a field"),
    ],
)
def test_what_is_no_spec_is_refused(text, said):
    with pytest.raises(ParameterError, match=said):
        Spec.parse(text)


def test_a_long_text_is_not_repeated_whole():
    with pytest.raises(ParameterError) as caught:
        Spec.parse("x" * 100_000)
    assert len(str(caught.value)) < 400
