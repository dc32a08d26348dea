"""The catalogue: names, added files, and files that have gone."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets import recognise
from app.datasets.catalogue import FILE, Added, Catalogue, Entry, open_catalogue, with_files
from app.datasets.registry import EMBEDDED
from app.pipeline.errors import DataError, StoreError, UnknownNameError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that can be explored."""
    pq.write_table(pa.table({"x": [1.0, 2.0], "y": [1.0, 2.0]}), tmp_path / "points.parquet")
    return tmp_path / "points.parquet"


def test_data_sets_are_found_by_name() -> None:
    catalogue = Catalogue(EMBEDDED)
    assert len(catalogue) == len(EMBEDDED)
    assert catalogue.find("stars").title == "Tycho-2 stars"
    with pytest.raises(UnknownNameError, match="no data set named 'star'; did you mean 'stars'"):
        catalogue.find("star")


def test_names_taken_are_numbered_and_the_embedded_ones_keep_theirs(path: Path) -> None:
    catalogue = with_files(EMBEDDED, [Entry(path, name="stars").open()], [Entry(path), Entry(path)])
    assert catalogue.names[:4] == ("stars-2", "points", "points-2", "flights")
    assert [one.name for one in catalogue] == list(catalogue.names)
    assert catalogue.find("points-2").name == "points-2"
    assert catalogue.find("stars").title == "Tycho-2 stars"


def test_files_that_have_gone_are_listed_with_the_reason(path: Path) -> None:
    catalogue = with_files(EMBEDDED, [], [Entry(path.with_name("gone.parquet")), Entry(path)])
    assert "points" in catalogue.names
    (gone,) = catalogue.unavailable
    assert gone.name == "gone"
    assert "no file or folder at" in gone.reason
    with pytest.raises(DataError, match="no file or folder at"):
        catalogue.find("gone")


class TestAdded:
    """The list of added files."""

    def test_entries_survive(self, tmp_path: Path, path: Path) -> None:
        added = Added(tmp_path / "config" / "files.json")
        assert added.entries() == ()
        assert added.add(Entry(path, crs="plane", title="Mine")).name == "points"
        assert Added(tmp_path / "config" / "files.json").entries() == (
            Entry(path.resolve(), name="points", crs="plane", title="Mine"),
        )

    def test_the_same_file_again_replaces_its_entry(self, tmp_path: Path, path: Path) -> None:
        added = Added(tmp_path / "files.json")
        added.add(Entry(path))
        added.add(Entry(path, name="other"))
        assert [one.name for one in added.entries()] == ["other"]

    def test_names_taken_are_numbered(self, tmp_path: Path, path: Path) -> None:
        added = Added(tmp_path / "files.json")
        added.add(Entry(path))
        (tmp_path / "d").mkdir()
        path.rename(tmp_path / "d" / path.name)
        assert added.add(Entry(tmp_path / "d" / path.name)).name == "points-2"
        assert [one.name for one in added.entries()] == ["points", "points-2"]

    def test_a_file_that_cannot_be_explored_is_not_added(self, tmp_path: Path) -> None:
        added = Added(tmp_path / "files.json")
        with pytest.raises(DataError):
            added.add(Entry(tmp_path / "none.parquet"))
        assert added.entries() == ()

    @pytest.mark.parametrize("by_path", [True, False])
    def test_entries_are_removed_by_name_or_path(self, tmp_path: Path, path: Path, by_path: bool) -> None:
        added = Added(tmp_path / "files.json")
        added.add(Entry(path))
        assert added.remove(str(path) if by_path else "points").path == path.resolve()
        assert added.entries() == ()
        assert path.exists()

    def test_unknown_names_get_a_suggestion(self, tmp_path: Path, path: Path) -> None:
        added = Added(tmp_path / "files.json")
        added.add(Entry(path))
        with pytest.raises(UnknownNameError, match="did you mean 'points'"):
            added.remove("point")

    @pytest.mark.parametrize("text", ["{", "[]", '{"files": [{"path": "a", "colour": "b"}]}'])
    def test_a_damaged_list_is_named(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "files.json").write_text(text)
        with pytest.raises(StoreError, match=r"files\.json.* cannot be read"):
            Added(tmp_path / "files.json").entries()

    def test_a_list_that_cannot_be_written_is_named(self, tmp_path: Path, path: Path) -> None:
        (tmp_path / f"files.json.{os.getpid()}").mkdir()
        with pytest.raises(StoreError, match=r"files\.json.* cannot be written: Is a directory"):
            Added(tmp_path / "files.json").add(Entry(path))

    def test_the_list_can_be_read_by_people(self, tmp_path: Path, path: Path) -> None:
        Added(tmp_path / "files.json").add(Entry(path))
        found = json.loads((tmp_path / "files.json").read_text())
        assert found == {"files": [{"path": str(path.resolve()), "name": "points"}]}


class TestConfined:
    """One file never takes down others, whatever is wrong with it."""

    @pytest.mark.parametrize("fault", ["garbage", "toml", "unreadable", "folder", "reader"])
    def test_the_others_are_served_and_the_reason_is_told(
        self, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        bad = tmp_path / "bad.parquet"
        bad.write_bytes(path.read_bytes())
        if fault == "garbage":
            bad.write_bytes(b"PAR1" + b"\xff" * 60 + b"PAR1")
        elif fault == "toml":
            bad.with_name("bad.parquet.toml").write_text("crs = [")
        elif fault == "unreadable":
            bad.unlink()
            bad.symlink_to(bad)
        elif fault == "folder":
            bad.unlink()
            bad.mkdir()
        else:
            real = recognise.open_source
            monkeypatch.setattr(recognise, "open_source", lambda one: [][1] if one == bad else real(one))
        folder = tmp_path / "data"
        folder.mkdir()
        (folder / FILE).write_text(json.dumps({"files": [{"path": str(bad)}, {"path": str(path)}]}))
        for started in ([], [bad], [bad, path]):
            catalogue = open_catalogue(started, folder)
            assert "points" in catalogue.names
            assert len(catalogue) == len(EMBEDDED) + 1 + (path in started)
            assert [one.name for one in catalogue.unavailable] == ["bad", "bad-2"][: 1 + bool(started)]
            assert all(len(one.reason) > 20 and "\n" not in one.reason for one in catalogue.unavailable)
        with pytest.raises(DataError):
            Entry(bad).open()

    def test_a_damaged_list_keeps_nothing_else_from_being_served(self, tmp_path: Path, path: Path) -> None:
        (tmp_path / FILE).write_text("{")
        catalogue = open_catalogue([path], tmp_path)
        assert catalogue.names[0] == "points"
        assert "delete it or repair it" in catalogue.unavailable[0].reason
