"""The command line in this process: what is printed where, and the exit statuses."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app import __version__, cli
from app.pipeline.errors import StaleError
from app.pipeline.token import Tokens
from app.runtime import Runtime
from app.settings import load
from tests.unit.datasets.uploads.shelf import ADA, put


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STAGEBOARD_FOLDER", str(tmp_path / "data"))
    monkeypatch.setenv("STAGEBOARD_LOG_LEVEL", "error")


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """Return a small file of the user's own."""
    path = tmp_path / "walks.parquet"
    table = pa.table({"x": [0.0, 1.0, 2.0, 3.0], "y": [5.0, 6.0, 8.0, 7.0], "speed": [1.0, 2.0, 3.0, 4.0]})
    pq.write_table(table, path)
    return path


def printed_json(capsys: pytest.CaptureFixture[str]) -> list[object]:
    """Return the lines of standard output, read as JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"stageboard {__version__}\n"


def test_help_and_version_import_nothing_heavy() -> None:
    heavy = {"dash", "flask", "datashader", "numba", "pandas", "pyarrow"}
    code = f"from app import cli; import sys; cli.run(['--help']); print(sorted({heavy!r} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--prot", "1"], "no option named '--prot'; did you mean '--port'?"),
        (["dta"], "No such command 'dta'. Did you mean 'data'? Known: cache, data, settings, trace."),
        (["cache"], "Missing command. Known: clear, stats, verify."),
        (["cache", "stats", "--jsn"], "did you mean '--json'?"),
        (["trace", "stars", "--cache", "x"], "option '--cache' stands before the command"),
        (["trace"], "Missing argument"),
        (["--data"], "requires an argument"),
        (["--port", "abc"], "setting 'port' is 'abc'"),
        (["data", "make", "taxy"], "taxy"),
        (["data", "make", "taxi", "--rows", "0"], "--rows"),
        (["data", "remove", "nothing"], "no added data set named 'nothing'"),
        (["trace", "stras"], "no data set named 'stras'; did you mean 'stars'?"),
        (["trace", "stars", "--plot", "galxy"], "no plot named 'galxy'; did you mean 'galaxy'?"),
        (["trace", "stars", "cmap=fier"], "no colormap named 'fier'; did you mean 'fire'?"),
        (["trace", "stars", "field=magnitud"], "no field named 'magnitud'; did you mean 'magnitude'?"),
        (["trace", "stars", "cmpa=fire"], "no control named 'cmpa'; did you mean 'cmap'?"),
        (["trace", "stars", "spreading=9"], "spreading '9'"),
        (["trace", "stars", "cmap"], "'cmap' is not a change: write CONTROL=VALUE"),
        (["trace", "stars", "--bounds", "1,2,3"], "bounds '1,2,3' are not four numbers"),
        (["trace", "stars", "--bounds", "3,2,0,1"], "bounds '3,2,0,1' are empty"),
        (["trace", "stars", "--bounds", "nan,2,0,1"], "bounds 'nan,2,0,1'"),
    ],
)
def test_what_is_unknown_or_not_allowed_is_one_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert cli.run(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("words", [["--data", "gone.parquet"], ["data", "add", "gone.parquet"]])
def test_a_missing_file_is_one_sentence(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.run([*words, "--port", "0"] if words[0] == "--data" else words) == 1
    error = capsys.readouterr().err
    assert "'gone.parquet'" in error
    assert error.count("\n") == 1


def test_settings_as_a_table_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--workers", "3", "settings"]) == 0
    assert "workers" in capsys.readouterr().out
    assert cli.run(["--workers", "3", "settings", "--json"]) == 0
    (table,) = printed_json(capsys)
    assert isinstance(table, list)
    assert next(row["value"] for row in table if row["name"] == "workers") == "3"


def test_a_table_is_not_cut_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["cache", "stats"]) == 0
    head = capsys.readouterr().out.splitlines()[0].split()
    assert head[:5] == ["tier", "entries", "bytes", "limit", "hits"]
    assert head[-1] == "evicted"


def test_data_are_listed_added_and_removed(capsys: pytest.CaptureFixture[str], points: Path) -> None:
    assert cli.run(["data", "add", str(points), "--name", "walks", "--kind", "points"]) == 0
    assert "walks is served" in capsys.readouterr().err
    assert cli.run(["data", "list", "--json"]) == 0
    (listed,) = printed_json(capsys)
    assert isinstance(listed, dict)
    first = listed["datasets"][0]
    assert (first["name"], first["rows"], first["path"]) == ("walks", 4, str(points))
    assert {"flights", "places", "stars", "storms"} < {one["name"] for one in listed["datasets"]}
    assert cli.run(["data", "list"]) == 0
    assert "walks" in capsys.readouterr().out
    assert cli.run(["data", "remove", "walks"]) == 0
    assert points.exists()
    assert cli.run(["data", "list"]) == 0
    assert "walks" not in capsys.readouterr().out


def test_an_added_file_that_is_gone_is_listed_with_the_reason(capsys: pytest.CaptureFixture[str], points: Path) -> None:
    assert cli.run(["data", "add", str(points)]) == 0
    points.unlink()
    capsys.readouterr()
    assert cli.run(["data", "list"]) == 0
    assert "walks cannot be served" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["taxi", "clifford"])
def test_made_data_are_served(capsys: pytest.CaptureFixture[str], tmp_path: Path, what: str) -> None:
    assert cli.run(["data", "make", what, "--rows", "2000", "--json"]) == 0
    (made,) = printed_json(capsys)
    assert isinstance(made, dict)
    assert made["rows"] == pq.read_metadata(tmp_path / "data" / f"{what}-2000.parquet").num_rows == 2000
    assert cli.run(["trace", f"{what}-2000", "cmap=bgy"]) == 0
    assert len(printed_json(capsys)) == 2


def test_trace_tells_what_each_change_runs_and_a_second_process_reuses_it(
    capsys: pytest.CaptureFixture[str], points: Path
) -> None:
    words = ["--data", str(points), "trace", "walks", "cmap=bgy", "normalization=log", "data_opacity=40"]
    assert cli.run(words) == 0
    first = printed_json(capsys)
    assert [row["changed"] for row in first] == [[], ["cmap"], ["normalization"], ["data_opacity"]]  # type: ignore[index]
    assert [row["ran"] for row in first[1:]] == [["encode"], ["stats", "index", "encode"], []]  # type: ignore[index]
    assert "source" in first[0]["ran"]  # type: ignore[index]
    again = subprocess.run([sys.executable, "-m", "app", *words], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in again.stdout.splitlines()]
    assert [row["ran"] for row in rows] == [[], [], [], []]


def test_trace_in_a_view(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["trace", "places", "--bounds", "-10,40,35,70", "bounds=-9,41,35,70"]) == 0
    opened, panned = printed_json(capsys)
    assert panned["changed"] == ["bounds"]  # type: ignore[index]
    assert "source" in panned["hits"]  # type: ignore[index]
    assert "source" in opened["ran"]  # type: ignore[index]


def test_the_cache_is_described_verified_and_cleared(capsys: pytest.CaptureFixture[str], points: Path) -> None:
    assert cli.run(["--data", str(points), "trace", "walks"]) == 0
    capsys.readouterr()
    assert cli.run(["cache", "stats", "--json"]) == 0
    (held,) = printed_json(capsys)
    entries = held["tiers"][-1]["entries"]  # type: ignore[index]
    assert entries > 0
    assert held["stages"]["grid"]["entries"] > 0  # type: ignore[index]
    assert cli.run(["cache", "stats"]) == 0
    assert "grid" in capsys.readouterr().out
    assert cli.run(["cache", "verify"]) == 0
    assert "whole" in capsys.readouterr().err
    assert cli.run(["cache", "clear"]) == 0
    assert f"{entries} results removed" in capsys.readouterr().err
    assert points.exists()


def test_clearing_leaves_uploads_and_takes_recipes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    upload = put(tmp_path / "cache" / "uploads")
    session = {"session": "ada", "scope": "grid"}
    with Runtime(load()) as engine:
        tokens = Tokens(engine.secret, engine.store)
        recipe = tokens.mint({"fields": [str(one) for one in range(500)]}, **session)
        assert tokens.redeem(recipe, **session)
    assert cli.run(["cache", "clear", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "recipes too long for a token" in said
    assert "users' uploads stay" in said
    assert cli.run(["cache", "clear"]) == 0
    with Runtime(load()) as engine:
        assert engine.uploads.find(ADA, upload.name)
        with pytest.raises(StaleError):
            Tokens(engine.secret, engine.store).redeem(recipe, **session)


def test_verify_puts_damaged_results_aside(capsys: pytest.CaptureFixture[str], points: Path, tmp_path: Path) -> None:
    assert cli.run(["--data", str(points), "trace", "walks"]) == 0
    (tmp_path / "cache" / "results" / "blobs-2" / "cache.db").touch()
    large = list((tmp_path / "cache" / "results").rglob("*.val"))
    for path in large:
        path.write_bytes(b"damaged")
    capsys.readouterr()
    status = cli.run(["cache", "verify"])
    assert status == (1 if large else 0)


def test_a_cache_that_cannot_be_used_costs_speed_only(
    capsys: pytest.CaptureFixture[str], points: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert cli.run(["--data", str(points), "--cache", str(tmp_path / "file" / "cache"), "trace", "walks"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["ran"]
    assert "cannot be used" in shown.err


def test_the_module_runs_the_command_line() -> None:
    assert importlib.import_module("app.__main__").main is cli.main


def test_one_file_keeps_no_other_from_being_added_listed_or_traced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, points: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("lon,lat\n1,2\n3,4\n-9999,5\n")
    assert cli.run(["data", "add", str(bad)]) == 0
    assert "3 rows read: 2 drawn, 1 left out (1 sentinel)." in capsys.readouterr().err
    assert cli.run(["data", "list", "--json"]) == 0
    assert '"left": {"sentinel": 1}' in capsys.readouterr().out
    bad.write_bytes(b"\0\xff\0" * 99)
    bad.with_name("bad.csv.toml").write_text("crs = [")
    assert cli.run(["data", "add", str(points), "--name", "walks"]) == 0
    assert cli.run(["data", "list"]) == 0
    said = capsys.readouterr()
    assert "walks" in said.out
    assert "bad cannot be served" in said.err
    assert cli.run(["trace", "walks"]) == 0
    assert cli.run(["trace", "bad"]) == 1
    assert "cannot be read as TOML" in capsys.readouterr().err
