"""Names: always fit for addresses, never twice."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.datasets.names import label, slug, unique


@given(st.text())
def test_every_text_has_a_slug_and_a_label(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{1,60}", slug(text))
    assert label(text).strip()


@given(st.lists(st.text(max_size=3), max_size=12))
def test_numbered_slugs_never_repeat(texts: list[str]) -> None:
    taken: list[str] = []
    for text in texts:
        taken.append(unique(slug(text), taken))
    assert len(set(taken)) == len(taken)
