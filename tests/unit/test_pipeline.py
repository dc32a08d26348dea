"""Running a graph: what is stored is read, what is missing is computed once, and errors are kept nowhere."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from app.pipeline.errors import CodecError, DataError, GraphError, ParameterError, UnknownNameError
from app.pipeline.graph import Graph
from app.pipeline.keys import kind_of, scope
from app.pipeline.pipeline import Pipeline
from app.pipeline.run import Event
from app.pipeline.stage import Parts, stage
from app.pipeline.stores.disk import DiskStore
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.stores.tiered import TieredStore
from tests.unit.samples import TOYS, Tally, ToyRoot, join, source, split

PARAMS = {"factor": 2, "start": 1, "numbers": [1, 2]}
SUM = {"factor": 2, "start": 1}
TABLE = {"factor": 2, "numbers": [1, 2]}
THREADS = 8


@pytest.fixture
def pipeline():
    made = Pipeline(TOYS, MemoryStore(1_000_000))
    yield made
    assert made.store.check() == []


@pytest.fixture
def root():
    return ToyRoot()


def how(events):
    """Return what became of each stage."""
    return {one.stage: one.how for one in events}


class Forgetful(MemoryStore):
    """A store that has no room."""

    def set(self, key: str, data: bytes, *, cost: float = 0.0) -> None:
        self.delete(key)


def test_a_value_is_computed_from_its_parents(pipeline, root):
    value, events = pipeline.run(root, "summed", SUM)
    assert value == 13
    assert how(events) == {"source": "ran", "scaled": "ran", "summed": "ran"}
    assert all(one.ms >= 0 for one in events)
    assert [one.bytes for one in events][1:] == [128 + 24, 4]


def test_nothing_above_a_stored_result_is_touched(pipeline, root):
    pipeline.run(root, "summed", SUM)
    pipeline.residents.clear()
    value, events = pipeline.run(ToyRoot(), "summed", SUM)
    assert value == 13
    assert how(events) == {"source": "unneeded", "scaled": "unneeded", "summed": "memory"}
    assert root.tally.calls == {"source": 1, "scaled": 1}


def test_only_what_changed_runs(pipeline, root):
    pipeline.run(root, "summed", SUM)
    value, events = pipeline.run(root, "summed", {**SUM, "start": 5})
    assert value == 17
    assert how(events) == {"source": "unneeded", "scaled": "memory", "summed": "ran"}
    assert how(pipeline.run(root, "summed", {**SUM, "factor": 3}).events)["scaled"] == "ran"
    assert root.tally.calls["source"] == 1


def test_a_disk_tier_is_named(tmp_path, root):
    store = TieredStore([MemoryStore(), DiskStore(tmp_path)])
    pipeline = Pipeline(TOYS, store)
    for target in ("summed", "tabled"):
        pipeline.run(root, target, PARAMS)
    store.tiers[0].clear()
    assert how(pipeline.run(root, "summed", PARAMS).events)["summed"] == "disk"
    assert how(pipeline.run(root, "tabled", PARAMS).events)["tabled"] == "disk"
    assert how(pipeline.run(root, "summed", PARAMS).events)["summed"] == "memory"
    assert store.check() == []
    store.close()


def test_different_data_have_different_results(pipeline):
    one, other = ToyRoot("00"), ToyRoot("01", Tally([1.0, 2.0, 4.0]))
    assert pipeline.run(one, "summed", SUM).value == 13
    assert pipeline.run(other, "summed", SUM).value == 15


def test_params_of_no_stage_are_refused(pipeline, root):
    with pytest.raises(UnknownNameError, match="no parameter named 'facto'; did you mean 'factor'"):
        pipeline.run(root, "summed", {"facto": 2})
    with pytest.raises(ParameterError, match="needs the parameter 'start'"):
        pipeline.run(root, "summed", {"factor": 2})
    with pytest.raises(UnknownNameError, match="no stage named 'sumed'"):
        pipeline.run(root, "sumed", {})
    assert not root.tally.calls


def test_keys_are_those_of_the_graph(pipeline, root):
    assert pipeline.key(root, "summed", SUM) == TOYS.keys("summed", root.fingerprint, SUM)["summed"]
    pipeline.run(root, "summed", SUM)
    assert pipeline.key(root, "summed", SUM) in pipeline.store


def test_what_is_computed_of_private_data_is_let_go_by_its_scope_and_computed_again(pipeline, root):
    ada, eve = (ToyRoot(scope=scope(who, "trips")) for who in ("ada", "eve"))

    def all_keys(*roots):
        for one in roots:
            pipeline.run(one, "summed", SUM)
            pipeline.run(one, "peaked", TABLE)
            assert pipeline.key(one, "summed", SUM) in pipeline.store
        return {*pipeline.store.keys(), *pipeline.residents}

    others = all_keys(root, eve)
    hers = all_keys(ada) - others
    assert {kind_of(key) for key in hers} == {"source", "scaled", "summed", "tabled", "peaked"}
    assert all(key.startswith(scope("ada")) for key in hers)
    assert pipeline.let_go(scope("ada"))
    assert pipeline.store.clear(scope("ada")) == len(hers) - 1  # its source cannot be bytes
    assert {*pipeline.store.keys(), *pipeline.residents} == others
    assert pipeline.run(ada, "summed", SUM).value == 13
    assert ada.tally.calls == {"source": 2, "scaled": 2, "tabled": 1}
    assert how(pipeline.run(eve, "peaked", TABLE).events)["peaked"] == "memory"


def test_what_is_still_being_computed_of_a_scope_is_said(pipeline):
    private = ToyRoot(scope=scope("ada"))
    claims = pipeline.flights.claim([pipeline.key(private, "summed", SUM)])
    assert not pipeline.let_go(scope("ada"))
    assert pipeline.let_go(scope("eve"))
    with pipeline.flights.settling(claims) as results:
        results.update(dict.fromkeys(claims.mine, 0))
    assert pipeline.let_go(scope("ada"))


def test_a_plan_says_what_a_run_then_does(pipeline, root):
    for target, params in (("summed", SUM), ("peaked", TABLE)):
        cold = pipeline.plan(root, target, params)
        assert set(cold.values()) <= {"run", "reuse"}
        for _ in range(2):
            plan = pipeline.plan(root, target, params)
            events = pipeline.run(root, target, params).events
            assert list(plan) == [one.stage for one in events]
            assert [name for name in plan if plan[name] == "run"] == [one.stage for one in events if one.how == "ran"]


def test_a_plan_runs_nothing(pipeline, root):
    assert set(pipeline.plan(root, "peaked", TABLE).values()) == {"run"}
    assert not root.tally.calls


def test_a_plan_runs_a_stage_with_any_part_missing(pipeline, root):
    pipeline.run(root, "tabled", TABLE)
    assert pipeline.plan(root, "tabled", TABLE)["tabled"] == "reuse"
    assert pipeline.plan(root, "tabled", {**TABLE, "numbers": [2, 3]}) == {"source": "reuse", "tabled": "run"}


def test_parts_are_shared_between_views(pipeline, root):
    value, events = pipeline.run(root, "tabled", TABLE)
    assert value.tolist() == [[2, 4, 6], [4, 8, 12]]
    assert (events[1].parts_ran, events[1].parts_hit) == (2, 0)
    value, events = pipeline.run(root, "tabled", {**TABLE, "numbers": [2, 3]})
    assert value.tolist() == [[4, 8, 12], [6, 12, 18]]
    assert (events[1].how, events[1].parts_ran, events[1].parts_hit) == ("ran", 1, 1)
    _, events = pipeline.run(root, "tabled", {**TABLE, "numbers": [3, 1]})
    assert (events[0].how, events[1].how, events[1].parts_hit) == ("unneeded", "memory", 2)
    assert root.tally.calls["tabled"] == 2
    assert set(root.tally.parts.values()) == {1}


def test_no_parts_are_a_value_too(pipeline, root):
    value, events = pipeline.run(root, "peaked", {"factor": 2, "numbers": []})
    assert value == 0
    assert how(events) == {"source": "unneeded", "tabled": "memory", "peaked": "ran"}


def test_a_part_alone_comes_as_it_is_stored(pipeline, root):
    data, events = pipeline.part(root, "tabled", {"factor": 2}, 1, also=[1, 2, 3])
    assert TOYS["tabled"].codec.decode(data).tolist() == [2, 4, 6]
    assert (events[1].parts_ran, root.tally.calls["tabled"]) == (3, 1)
    data, events = pipeline.part(root, "tabled", {"factor": 2}, 2, also=[4])
    assert TOYS["tabled"].codec.decode(data).tolist() == [4, 8, 12]
    assert (events[1].how, events[1].parts_hit, root.tally.calls["tabled"]) == ("memory", 1, 1)


def test_a_part_needs_a_stage_in_parts(pipeline, root):
    with pytest.raises(GraphError, match="'scaled' has no parts: use run"):
        pipeline.part(root, "scaled", {"factor": 2}, 1)


def test_parts_need_a_codec(root):
    @stage("loose", parents=("source",), codec=None, parts=Parts(("numbers",), split, join))
    def loose(tally, *, parts):
        return [tally.values for _ in parts]

    with pytest.raises(CodecError, match="'loose' is in parts without a codec"):
        Pipeline(Graph([source, loose]), MemoryStore()).run(root, "loose", {"numbers": [1]})


def test_a_store_without_room_costs_a_computation_and_no_more(root):
    pipeline = Pipeline(TOYS, Forgetful())
    assert pipeline.run(root, "summed", SUM).value == 13
    assert pipeline.run(root, "peaked", TABLE).value == 12
    assert root.tally.calls == {"source": 1, "scaled": 1, "tabled": 1}
    pipeline.part(root, "tabled", {"factor": 2}, 5, also=[6])
    assert root.tally.parts == {1: 1, 2: 1, 5: 1, 6: 1}


def test_what_cannot_be_bytes_is_kept_in_the_process_in_bounds(root):
    pipeline = Pipeline(TOYS, MemoryStore(), residents=2)
    for at in range(5):
        pipeline.run(ToyRoot(f"{at:02}"), "source", {})
    assert len(pipeline.residents) == 2
    pipeline.run(root, "source", {})
    assert how(pipeline.run(root, "source", {}).events) == {"source": "memory"}


def test_a_root_that_says_it_was_restored_did_not_run(pipeline):
    class Restored(Tally):
        restored, nbytes = True, 24

    root = ToyRoot("02", Restored())
    assert pipeline.run(root, "source", {}).events[0] == Event("source", "disk", pytest.approx(0, abs=1e6), 24)


@pytest.mark.parametrize("target", ["summed", "peaked"])
def test_damaged_bytes_are_computed_again(pipeline, root, target):
    good = pipeline.run(root, target, PARAMS).value
    key = pipeline.key(root, target, PARAMS)
    pipeline.store.set(key, b"{torn")
    value, events = pipeline.run(root, target, PARAMS)
    assert value == good
    assert how(events)[target] == "ran"
    assert how(pipeline.run(root, target, PARAMS).events)[target] == "memory"


def test_a_damaged_part_is_computed_again(pipeline, root):
    good = pipeline.run(root, "tabled", TABLE).value
    for key in list(pipeline.store.keys()):
        pipeline.store.set(key, b"torn")
    value, events = pipeline.run(root, "tabled", TABLE)
    assert value.tolist() == good.tolist()
    assert (events[1].how, events[1].parts_ran) == ("ran", 2)
    assert root.tally.calls["tabled"] == 2


@pytest.mark.parametrize("target", ["summed", "tabled"])
def test_errors_go_to_everyone_and_are_kept_nowhere(pipeline, root, target):
    failing = {"summed": "scaled", "tabled": "tabled"}[target]
    root.tally.failing = {failing}
    start = Barrier(THREADS)

    def ask():
        start.wait(30)
        return pipeline.run(root, target, PARAMS)

    with ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(ask) for _ in range(THREADS)]
    for one in asked:
        with pytest.raises(DataError, match=f"{failing} fails"):
            one.result()
    assert list(pipeline.store.keys()) == []
    root.tally.failing.clear()
    assert how(pipeline.run(root, target, PARAMS).events)[target] == "ran"


def test_eight_threads_compute_a_key_once(pipeline, root):
    start = Barrier(THREADS)

    def ask():
        start.wait(30)
        return pipeline.run(root, "summed", SUM)

    with ThreadPoolExecutor(THREADS) as pool:
        found = [one.result() for one in [pool.submit(ask) for _ in range(THREADS)]]
    assert {one.value for one in found} == {13}
    assert root.tally.calls == {"source": 1, "scaled": 1}
    hows = [how(one.events)["summed"] for one in found]
    assert hows.count("ran") == 1
    assert set(hows) <= {"ran", "shared", "memory"}


def test_threads_with_overlapping_parts_compute_each_once(pipeline, root):
    start = Barrier(THREADS)

    def ask(first):
        start.wait(30)
        numbers = list(range(first, first + 6))
        return numbers, pipeline.run(root, "tabled", {"factor": 1, "numbers": numbers})

    with ThreadPoolExecutor(THREADS) as pool:
        found = [one.result() for one in [pool.submit(ask, at % 5) for at in range(THREADS)]]
    for numbers, result in found:
        assert np.array_equal(result.value, np.outer(numbers, [1, 2, 3]))
    assert root.tally.parts == dict.fromkeys(range(10), 1)
    assert sum(result.events[1].parts_ran for _, result in found) == 10


def test_another_threads_parts_are_shared(pipeline, root):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(pipeline.part, root, "tabled", {"factor": 1}, 1) for _ in range(2)]
    hows = sorted(how(one.result()[1])["tabled"] for one in asked)
    assert hows in (["ran", "shared"], ["memory", "ran"])


@pytest.mark.parametrize("target", ["scaled", "tabled"])
def test_what_another_finished_between_the_look_and_the_claim_is_not_computed_again(root, target):
    class Overtaken(MemoryStore):
        """Lets another worker finish just after a look that found nothing."""

        other = None

        def get(self, key: str):
            found = super().get(key)
            if found is None and self.other is not None:
                other, self.other = self.other, None
                other.run(root, target, PARAMS)
            return found

    store = Overtaken()
    store.other = Pipeline(TOYS, store)
    value, events = Pipeline(TOYS, store).run(root, target, PARAMS)
    assert root.tally.calls[target] == 1
    assert how(events)[target] in ("memory", "shared")
    assert np.array_equal(value, Pipeline(TOYS, store).run(root, target, PARAMS).value)


def test_parts_are_asked_for_together(root):
    class Asked(MemoryStore):
        """Notes how many keys each question is about."""

        def __init__(self) -> None:
            super().__init__()
            self.questions: list[int] = []

        def get_all(self, keys):
            asked = list(keys)
            self.questions.append(len(asked))
            return super().get_all(asked)

    store, params = Asked(), {"factor": 1, "numbers": list(range(20))}
    Pipeline(TOYS, store).run(root, "tabled", params)
    assert store.questions == [20, 20]  # before they are claimed, and after
    Pipeline(TOYS, store).run(root, "tabled", params)
    assert store.questions == [20, 20, 20]


def test_an_edited_stage_computes_anew(tmp_path, root):
    store, found = MemoryStore(), []
    for number in (1, 1, 2):
        path = tmp_path / f"edited_{len(found)}.py"
        path.write_text(f"def added(tally):\n    return tally.values + {number}\n")
        space = {"__name__": path.stem}
        exec(compile(path.read_text(), str(path), "exec"), space)  # noqa: S102
        graph = Graph([source, stage("added", parents=("source",))(space["added"])])
        result = Pipeline(graph, store).run(root, "added", {})
        found.append((how(result.events)["added"], result.value.tolist()))
    assert found == [("ran", [2, 3, 4]), ("memory", [2, 3, 4]), ("ran", [3, 4, 5])]


def test_a_trace_tells_each_change(pipeline, root):
    changes = [{"start": 2}, {"start": 2}, {"factor": 3, "start": 2}, {"factor": 2, "start": 1}]
    rows = list(pipeline.trace(root, "summed", SUM, changes))
    assert [one.changed for one in rows] == [(), ("start",), (), ("factor",), ("factor", "start")]
    everything = ("source", "scaled", "summed")
    assert [one.ran for one in rows] == [everything, ("summed",), (), ("scaled", "summed"), ()]
    assert all(set(one.ran) | set(one.hits) == set(everything) for one in rows)
    assert all(one.ms >= 0 and not one.parts for one in rows)


def test_a_trace_counts_parts(pipeline, root):
    rows = list(pipeline.trace(root, "peaked", TABLE, [{"numbers": [2, 3, 4]}]))
    assert [one.parts for one in rows] == [{"tabled": (2, 0)}, {"tabled": (2, 1)}]
