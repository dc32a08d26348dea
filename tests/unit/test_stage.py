"""Stages: their identity is their source, and what they cannot declare is refused."""

import importlib.util
from functools import partial

import pytest

from app.pipeline import keys
from app.pipeline.errors import GraphError
from app.pipeline.stage import Parts, source_digest, stage
from tests.unit.samples import tabled

MODULE = """
from app.pipeline.stage import Parts, stage


def split(numbers):
    return list(numbers)


def join(parts, values, numbers):
    return values


def offset():
    return 1


def deeper():
    return 5


def helped(values):
    return [deeper() for _ in values]


@stage("made", {declared})
def made(value):
    return value + {number} + (lambda: len(helped([])))()
"""


def loaded(folder, number=1, declared="version=1", text=MODULE):
    """Write a module with a stage, and import it as if it were edited and the process restarted."""
    path = folder / f"module_{len(list(folder.iterdir()))}.py"
    path.write_text(text.format(number=number, declared=declared))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.made


def test_the_same_source_has_the_same_identity(tmp_path):
    one, other = loaded(tmp_path), loaded(tmp_path)
    assert one.function is not other.function
    assert one.identity == other.identity


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"declared": "version=2"},
        {"declared": "version=1, uses=(offset,)"},
        {"declared": "version=1, uses=('datashader 2',)"},
        {"declared": "version=1, parts=Parts(('numbers',), split, join)"},
    ],
)
def test_what_changes_results_changes_the_identity(tmp_path, change):
    assert loaded(tmp_path).identity != loaded(tmp_path, **change).identity


@pytest.mark.parametrize(
    ("declared", "old", "new"),
    [
        ("uses=(offset,)", "return 1", "return 2"),
        ("parts=Parts(('numbers',), split, join)", "list(numbers)", "sorted(numbers)"),
        ("parts=Parts(('numbers',), split, join)", "return values", "return values[0]"),
    ],
)
def test_what_a_stage_uses_is_part_of_it(tmp_path, declared, old, new):
    assert old in MODULE
    before = loaded(tmp_path, declared=declared)
    assert before.identity == loaded(tmp_path, declared=declared).identity
    assert before.identity != loaded(tmp_path, declared=declared, text=MODULE.replace(old, new)).identity


@pytest.mark.parametrize(("old", "new"), [("[deeper()", "[2 * deeper()"), ("return 5", "return 6")])
def test_the_functions_beside_it_that_it_calls_are_part_of_it_unsaid(tmp_path, old, new):
    assert old in MODULE
    before = loaded(tmp_path)
    assert before.identity != loaded(tmp_path, text=MODULE.replace(old, new)).identity
    unused = MODULE.replace("return 1", "return 2")
    assert before.identity == loaded(tmp_path, text=unused).identity


def test_modules_and_functions_have_digests():
    assert source_digest(keys) == source_digest(keys) != source_digest(keys.canonical)


def test_closures_are_refused():
    factor = 3
    with pytest.raises(GraphError, match="'made' closes over variables"):

        @stage("made")
        def made(value):
            return value * factor


@pytest.mark.parametrize("thing", [len, partial(len, ()), eval("lambda value: value")])  # noqa: S307
def test_what_has_no_source_is_refused(thing):
    with pytest.raises(GraphError, match="cannot be read: define it in a file"):
        stage("made")(thing)


def test_parameters_include_those_that_choose_parts():
    assert tabled.params == ("factor",)
    assert tabled.all_params == ("factor", "numbers")
    assert stage("alone", params=("a",))(test_closures_are_refused).all_params == ("a",)
    assert Parts(("a",), len, len) != Parts(("b",), len, len)
