"""The graph: pure, checked, and keys that change only where the lineage does."""

import pytest

from app.pipeline.errors import GraphError, ParameterError, UnknownNameError
from app.pipeline.graph import Graph
from app.pipeline.stage import stage
from tests.unit.samples import TOYS, scaled, source, summed

PARAMS = {"factor": 2, "start": 1, "numbers": [1, 2]}


def bare(name, *parents):
    """Declare a stage that is never run."""

    @stage(name, parents=parents)
    def nothing(*values):
        return values

    return nothing


@pytest.mark.parametrize(
    ("target", "lineage"),
    [
        ("source", ["source"]),
        ("summed", ["source", "scaled", "summed"]),
        ("peaked", ["source", "tabled", "peaked"]),
    ],
)
def test_lineage_has_parents_first(target, lineage):
    assert [one.name for one in TOYS.lineage(target)] == lineage
    assert list(TOYS.keys(target, "00", PARAMS)) == lineage


def test_a_diamond_is_walked_once():
    graph = Graph([bare("d", "b", "c"), bare("b", "a"), bare("c", "a"), bare("a")])
    names = [one.name for one in graph.lineage("d")]
    assert sorted(names) == list("abcd")
    assert (names[0], names[-1]) == ("a", "d")


@pytest.mark.parametrize(
    ("param", "touched"),
    [("factor", {"scaled", "summed", "tabled", "peaked"}), ("start", {"summed"}), ("numbers", {"tabled", "peaked"})],
)
def test_downstream_is_what_a_parameter_changes(param, touched):
    assert set(TOYS.downstream(param)) == touched
    changed = {**PARAMS, param: [7]}
    for target in ("summed", "peaked"):
        before, after = (TOYS.keys(target, "00", params) for params in (PARAMS, changed))
        assert {name for name in before if before[name] != after[name]} == touched & set(before)


def test_a_root_changes_every_key():
    one, other = TOYS.keys("summed", "00", PARAMS), TOYS.keys("summed", "01", PARAMS)
    assert not set(one.values()) & set(other.values())


def test_keys_name_their_stage():
    for name, key in TOYS.keys("peaked", "00", PARAMS).items():
        assert key.startswith(f"{name}-")
        assert len(key) == len(name) + 33


def test_stages_are_found_by_name():
    assert "scaled" in TOYS
    assert "scale" not in TOYS
    assert TOYS["scaled"] is scaled
    for ask in (lambda: TOYS["scald"], lambda: TOYS.lineage("scald")):
        with pytest.raises(UnknownNameError, match="did you mean 'scaled'"):
            ask()


def test_a_missing_parameter_is_named():
    with pytest.raises(ParameterError, match="'scaled' needs the parameter 'factor'"):
        TOYS.keys("summed", "00", {"start": 1})


def test_two_stages_of_one_name_are_refused():
    with pytest.raises(GraphError, match="two stages are named 'summed'"):
        Graph([source, scaled, summed, summed])


def test_a_parent_must_exist():
    with pytest.raises(UnknownNameError, match="no stage named 'scaled'"):
        Graph([source, summed])


def test_circles_are_refused():
    with pytest.raises(GraphError, match=r"circle: .*→"):
        Graph([bare("a", "c"), bare("b", "a"), bare("c", "b")])
