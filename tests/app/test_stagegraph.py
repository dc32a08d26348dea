"""Where stages stand in the picture of a pipeline."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from app.ui.stagegraph import places, stage_graph


class Node(NamedTuple):
    name: str
    parents: tuple[str, ...]


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 9))
    return [
        Node(f"s{n}", tuple(f"s{p}" for p in sorted(draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else ())))
        for n in range(count)
    ]


@given(graphs())
def test_children_stand_after_parents_and_no_two_in_one_place(stages):
    where = places(stages)
    assert all(where[parent].rank < where[one.name].rank for one in stages for parent in one.parents)
    assert len({(place.rank, place.lane) for place in where.values()}) == len(stages)
    assert [place.row for place in where.values()] == list(range(len(stages)))


@given(graphs())
def test_every_stage_and_edge_is_drawn(stages):
    drawn = stage_graph("map", stages)
    nodes = [
        one.id["stage"]
        for one in drawn._traverse()
        if isinstance(getattr(one, "id", None), dict) and one.id["type"] == "stages-node"
    ]
    assert nodes == [one.name for one in stages]
    assert drawn.style["--edges-wide"].count("M") == sum(len(one.parents) for one in stages)


def test_a_chain_with_a_skip_lies_in_one_lane():
    chain = [Node("grid", ()), Node("stats", ("grid",)), Node("index", ("grid", "stats"))]
    assert [tuple(place) for place in places(chain).values()] == [(0, 0, 0), (1, 0, 1), (2, 0, 2)]
