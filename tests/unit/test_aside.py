"""What is put aside is bounded, the newest kept, and never in the way."""

from app.pipeline.volume.aside import Aside


def test_the_newest_are_kept(tmp_path):
    aside = Aside(tmp_path / "damaged", most_files=3)
    for at in range(6):
        aside.keep(bytes([at]))
    assert [path.read_bytes() for path in sorted(aside.folder.iterdir())] == [b"\3", b"\4", b"\5"]


def test_bytes_are_bounded_too(tmp_path):
    aside = Aside(tmp_path / "damaged", most_bytes=100)
    for name, size in (("a", 60), ("b", 60), ("c", 30), ("d", 101)):
        (tmp_path / name).write_bytes(bytes(size))
        aside.move(tmp_path / name)
        assert not (tmp_path / name).exists()
        assert sum(path.stat().st_size for path in aside.folder.iterdir()) <= 100


def test_what_cannot_be_kept_is_deleted(tmp_path):
    (tmp_path / "damaged").write_text("in the way")
    (tmp_path / "a").write_bytes(b"x")
    aside = Aside(tmp_path / "damaged")
    aside.move(tmp_path / "a")
    aside.move(tmp_path / "a")
    aside.keep(b"x")
    assert not (tmp_path / "a").exists()
