"""The benchmark's session draws views that both chains can draw, and the page claims what the results say."""

import json

from app.pipeline.controls import Controls
from app.pipeline.world import WEB_MERCATOR
from benchmarks import session, tables


def test_every_view_of_a_session_is_on_the_ladder():
    views = {action.view for action in session.script(Controls())}
    assert len(views) > 20
    for view in views:
        assert WEB_MERCATOR.snap(WEB_MERCATOR.bounds(view), *session.SIZE) == view


def test_a_session_is_the_same_each_time_and_holds_every_kind_of_action():
    script = session.script(Controls())
    assert script == session.script(Controls())
    assert {action.kind for action in script} == {"opening", "back to count", *session.SHARES}
    assert len(script) > 60


def test_an_earlier_view_was_seen_and_a_colormap_changes_nothing_else():
    script = session.script(Controls())
    for at, action in enumerate(script[1:], 1):
        if action.kind == "earlier view":
            assert action.view in {one.view for one in script[:at]}
        if action.kind in ("colormap", "normalisation"):
            assert action.view == script[at - 1].view
            assert action.controls != script[at - 1].controls


def test_the_page_says_what_the_results_say():
    text = tables.PAGE.read_text()
    assert text == tables.page(text, tables.RESULTS), "run: python -m benchmarks.tables"


def test_tables_are_made_of_results_and_made_anew(tmp_path):
    text = f"before\n{tables.BEGIN}{tables.END}after\n"
    assert tables.NONE in tables.page(text, tmp_path)
    (tmp_path / "engine-1.json").write_text(json.dumps(RUN))
    found = tables.page(text, tmp_path)
    assert "| pan | 3 | 1.5 / 2.0 | 30.0 / 40.0 | 20.0 | 20.0 | 19.0 |" in found
    assert "1,000,000 rows" in found
    assert tables.page(found, tmp_path) == found


_TIMES = {"engine_p50_ms": 1.5, "engine_p95_ms": 2.0, "baseline_p50_ms": 30.0, "baseline_p95_ms": 40.0}
RUN = {
    "rows": 1_000_000,
    "commit": "abc",
    "date": "2026-01-01",
    "cores": 2,
    "processor": "one",
    "load": 0.5,
    "load_after": 1.5,
    "python": "3.11",
    "versions": {"datashader": "0.19"},
    "session": [{"kind": "pan", "actions": 3, **_TIMES, "ratio_p50": 20.0, "ratio_p95": 20.0, "ratio_total": 19.0}],
    "actions": [{"action": "colormap", "engine_ms": 1.0}],
    "memory": [{"workers": 1}],
    "stored": {"tile": {"p50_ms": 0.1}},
    "build": {"total": 1.0},
    "disk_mb": {"results": 1.0},
    "startup_ms": {"version": 100},
    "equality": {"views": 1, "rows_drawn": 10, "differing_from_floats": 1},
}
