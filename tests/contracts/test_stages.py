"""What every stage owes; a new one is tested by its line in the registry, without an edit here."""

import ast
import inspect
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from app.datasets.registry import EMBEDDED
from app.pipeline.errors import ParameterError
from app.pipeline.graph import Graph
from app.pipeline.pipeline import Pipeline
from app.pipeline.points import Points
from app.pipeline.roots import PlotRoot
from app.pipeline.stages.registry import GRAPHS
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.table import fingerprint

PLACES = next(one for one in EMBEDDED if one.name == "places").plots[0]
# A value for each parameter that a stage may declare, and another.
VALUES = {
    "aggregate": ("mean", "max"), "field": ("population", "other"), "view": ([2, 900, 1100, 600, 800], [1, 0, 9, 0, 9]),
    "spreading": (1, 2), "normalization": ("log", "linear"), "range": ([0, 100], [2, 98]),
    "colors": (["#ff0000"], ["#00ff00"]), "cmap": ("fire", "bgy"), "x0": (-10.0, -11.0), "x1": (30.0, 31.0),
    "y0": (35.0, 34.0), "y1": (60.0, 61.0), "width": (80, 90), "height": (60, 70), "xlog": (False, True),
    "ylog": (False, True), "front": (-1, 0),
}  # fmt: skip
EVERY = [(name, one.name) for name, graph in GRAPHS.items() for one in graph.stages]
PARAMS = {name: value for name, (value, _) in VALUES.items()}


@pytest.fixture(scope="module")
def pipelines():
    store = MemoryStore(100_000_000)
    return {name: Pipeline(graph, store) for name, graph in GRAPHS.items()}


@pytest.fixture(scope="module")
def rooted():
    base = PlotRoot(PLACES, fingerprint(PLACES.path))
    return {"map": base, "figure": replace(base, raw=True)}


@pytest.fixture(params=EVERY, ids="-".join)
def case(request):
    graph, name = request.param
    return graph, GRAPHS[graph], GRAPHS[graph][name]


def declared(graph):
    """Return the values of a graph's parameters."""
    return {name: PARAMS[name] for one in graph.stages for name in one.all_params}


def test_says_what_it_does(case):
    _, _, one = case
    assert len(inspect.getdoc(one.function).splitlines()[0]) > 10
    assert inspect.getmodule(one.function).__doc__.strip()
    assert one.version >= 1
    assert one.name.isidentifier()


def test_takes_its_parents_and_its_declared_parameters_and_nothing_else(case):
    _, _, one = case
    given = inspect.signature(one.function).parameters.values()
    keywords = {each.name for each in given if each.kind is each.KEYWORD_ONLY}
    assert keywords == set(one.params) | ({"parts"} if one.parts else set())
    assert sum(each.kind is each.POSITIONAL_OR_KEYWORD for each in given) == (len(one.parents) or 1)
    assert all(each.default is each.empty for each in given)
    if one.parts:
        assert set(inspect.signature(one.parts.split).parameters) == set(one.parts.params)
        assert list(inspect.signature(one.parts.join).parameters)[2:] == list(one.parts.params)


def test_its_key_changes_with_what_it_declares_and_with_nothing_else(case):
    _, graph, one = case
    lineage = {name for each in graph.lineage(one.name) for name in each.all_params}
    before = graph.keys(one.name, "00", declared(graph))[one.name]
    assert graph.keys(one.name, "00", declared(graph))[one.name] == before
    for name in declared(graph):
        after = graph.keys(one.name, "00", {**declared(graph), name: VALUES[name][1]})[one.name]
        assert (after != before) == (name in lineage)
        assert (name in lineage) == (one.name in graph.downstream(name))
    assert graph.keys(one.name, "01", declared(graph))[one.name] != before


def test_its_key_changes_when_it_or_a_parent_is_edited(case):
    _, graph, one = case
    before = graph.keys(one.name, "00", declared(graph))[one.name]
    lineage = {each.name for each in graph.lineage(one.name)}
    for edited in graph.stages:
        stages = [replace(each, identity="edited") if each is edited else each for each in graph.stages]
        after = Graph(stages).keys(one.name, "00", declared(graph))[one.name]
        assert (after != before) == (edited.name in lineage)


def uses(one):
    """Return the names that a stage's declaration lists under ``uses``."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(one.function)))
    listed = [each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "uses"]
    return {each.id for each in ast.walk(listed[0]) if isinstance(each, ast.Name)} if listed else set()


def test_the_modules_that_it_calls_are_part_of_it(case):
    _, _, one = case
    names, space = one.function.__code__.co_names, one.function.__globals__
    called = {name for name in names if isinstance(space.get(name), ModuleType)}
    ours = {name for name in called if space[name].__name__.startswith("app.")}
    assert ours <= uses(one)


def test_every_parameter_must_be_given(case):
    _, graph, one = case
    for name in one.all_params:
        missing = {each: value for each, value in declared(graph).items() if each != name}
        with pytest.raises(ParameterError, match=repr(name)):
            graph.keys(one.name, "00", missing)


def equal(one, other):
    """Whether two values of a stage are the same, to the last bit."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return type(one) is type(other) and one == other


def test_a_real_value_comes_back_from_its_bytes(case, pipelines, rooted):
    name, graph, one = case
    value = pipelines[name].run(rooted[name], one.name, declared(graph)).value
    if one.codec is None:
        assert isinstance(value, Points)
        return
    again = pipelines[name].run(rooted[name], one.name, declared(graph))
    assert again.events[-1].how == "memory"
    assert equal(again.value, value)
    stored = [one.codec.decode(one.codec.encode(value))] if one.parts is None else []
    assert all(equal(each, value) for each in stored)


def test_every_parameter_of_every_graph_has_values_here():
    assert {name for graph in GRAPHS.values() for one in graph.stages for name in one.all_params} == set(VALUES)
