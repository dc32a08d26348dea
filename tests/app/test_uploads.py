"""Uploads: private to the session that sent them, and refused with a reason where they are hostile."""

import io
import os
import zlib
from functools import cache
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from app import runtime
from app.datasets.uploads import Uploads
from app.pipeline.errors import QuotaError, TooLargeError
from tests.app.test_figure import aggregate

HEADER = {"Stageboard-Upload": "1"}
CANARY = "canary-of-ada"


def parquet(rows: int = 500) -> bytes:
    out, random = io.BytesIO(), np.random.default_rng(1)
    frame = pd.DataFrame({"lon": random.normal(0, 9, rows), "lat": random.normal(40, 5, rows)})
    frame.assign(kind=[CANARY, "other"] * (rows // 2)).to_parquet(out)
    return out.getvalue()


@pytest.fixture
def folder(settings) -> Path:
    return settings.cache / "uploads"


def send(client: FlaskClient, name: str, data: bytes):
    return client.post(f"/uploads/{name}", data=data, headers=HEADER)


def left(folder: Path) -> set[Path]:
    return {one for one in folder.rglob("*") if one.is_file()}


@pytest.fixture
def kept(ada: FlaskClient) -> str:
    answer = send(ada, "Trips of Ada.parquet", parquet())
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["rows"] == 500
    return answer.get_json()["name"]


def tile(app, folder: Path, name: str) -> str:
    engine = runtime.of(app.server)
    (owner,) = {one.parent.parent.name for one in folder.rglob("upload.json") if one.parent.name == name}
    plot = engine.uploads.find(owner, name).plots[0]
    return f"/tiles/{name}.{engine.root(plot).fingerprint[:12]}.{plot.name}.count/0/0/0"


def test_an_upload_is_served_to_its_session_and_kept_by_no_shared_cache(app, ada, kept, folder) -> None:
    assert ada.get(f"/explorer/{kept}").status_code == 200
    picture = ada.get(f"/image/{kept}/map.png?width=60&height=40")
    assert picture.data.startswith(b"\x89PNG")
    assert picture.headers["Cache-Control"].startswith("private")
    answer = ada.get(tile(app, folder, kept))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("private")


def test_another_session_gets_what_an_unknown_name_gets(app, ada, eve, kept, folder) -> None:
    shown = tile(app, folder, kept)
    other = kept[:-1] + ("0" if kept[-1] != "0" else "1")
    paths = (shown, f"/image/{kept}/map.png", f"/events/{kept}/map")
    for client in (eve, app.server.test_client()):
        for path in paths:
            mine, none = client.get(path), client.get(path.replace(kept, other))
            assert (mine.status_code, none.status_code) == (404, 404)
            assert mine.text.replace(kept, other) == none.text
            assert CANARY not in mine.text
        assert client.get(f"/explorer/{kept}").status_code == 404
        assert client.get(f"/figure/{kept}").status_code == 404
    assert kept not in eve.get("/health").text
    assert kept not in ada.get("/health").text


def test_two_sessions_may_use_one_name_and_see_their_own(ada, eve, kept) -> None:
    theirs = send(eve, "Trips of Ada.parquet", parquet(200)).get_json()
    assert theirs["name"] != kept
    assert ada.get(f"/explorer/{theirs['name']}").status_code == 404
    assert eve.get(f"/explorer/{theirs['name']}").status_code == 200


def test_a_form_of_another_site_or_a_browser_without_a_session_sends_nothing(app, ada, folder) -> None:
    before = left(folder)
    assert ada.post("/uploads/a.parquet", data=parquet()).status_code == 403
    assert send(app.server.test_client(), "a.parquet", parquet()).status_code == 403
    assert left(folder) == before


@cache
def bomb() -> bytes:
    out = io.BytesIO()
    table = pa.table({"x": np.zeros(4_000_000), "y": np.zeros(4_000_000)})
    with pq.ParquetWriter(out, table.schema, compression="zstd", use_dictionary=False) as writer:
        for _ in range(16):  # 1 GB of zeros
            writer.write_table(table)
    return out.getvalue()


def varint(value: int, length: int = 0) -> bytes:
    """Write a number as Thrift does, and over more bytes than it needs where that is asked for."""
    digits = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 7 * length, 7), 7)]
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def lying_bomb() -> bytes:
    """Return the bomb with a footer that says that its columns unpack to nothing much."""
    data = bomb()
    footer = 8 + int.from_bytes(data[-8:-4], "little")
    said = pq.ParquetFile(io.BytesIO(data)).metadata
    groups = [said.row_group(at) for at in range(said.num_row_groups)]
    head, tail = data[:-footer], data[-footer:]
    for size in {group.column(at).total_uncompressed_size for group in groups for at in range(group.num_columns)}:
        true = varint(2 * size)
        tail = tail.replace(true, varint(2 * 100, len(true)))
    assert pq.ParquetFile(io.BytesIO(head + tail)).metadata.row_group(0).column(0).total_uncompressed_size == 100
    return head + tail


def corrupt_feather() -> bytes:
    out = io.BytesIO()
    feather.write_feather(
        pa.table({"x": [1.0, 2.0], "y": [1.0, 2.0], "s": ["a", "bc"]}), out, compression="uncompressed"
    )
    offsets = np.array([0, 1, 3], np.int32).tobytes()
    assert offsets in out.getvalue()
    return out.getvalue().replace(offsets, np.array([0, 1, 2**30], np.int32).tobytes())


HOSTILE = {
    "bomb.parquet": (bomb, "unpacks to more than"),
    "lying.parquet": (lying_bomb, "unpacks to more than"),
    "wide.csv": (
        lambda: (",".join(f"c{at}" for at in range(10_000)) + "\n" + "1," * 9_999 + "1\n").encode(),
        "10,000 columns",
    ),
    "really.parquet": (lambda: b"x,y\n1,2\n", "holds something else"),
    "really.csv": (parquet, "holds Parquet"),
    "bomb.csv.zst": (lambda: pa.compress(b"x,y\n" + b"0,0\n" * 20_000_000, "zstd", asbytes=True), "unpacks to more"),
    "cut.parquet": (lambda: parquet()[:-400], "cut short"),
    "torn.parquet": (lambda: parquet()[:4] + b"\xff" * 400 + parquet()[404:], "torn.parquet"),
    "offsets.feather": (corrupt_feather, "offsets.feather"),
    "empty.csv": (lambda: b"", "is empty"),
    "header.csv": (lambda: b"x,y\n", "no rows"),
    "one.csv": (lambda: b"x\n1\n2\n", "no two columns of numbers"),
    "long.csv": (lambda: b"x,y\n1," + b"9" * 2_000_000 + b"\n", "a line of more than"),
    "bomb.csv.gz": (lambda: gz(bytes(0x30 for _ in range(9)) + b"\n"), "unpacks to more than"),
    "what.exe": (lambda: b"MZ", "no known extension"),
}


def gz(line: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(b"x,y\n") + packer.compress(line * 8_000_000) + packer.flush()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason_and_nothing_is_left(ada, folder, name: str) -> None:
    before = left(folder)
    make, said = HOSTILE[name]
    answer = send(ada, name, make())
    assert answer.status_code == 422, answer.text
    assert said in answer.get_json()["error"]
    assert str(folder) not in answer.text
    assert left(folder) == before
    assert not list(folder.rglob(".part-*"))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("utf16.csv", "x,y\n1,2\n3,4\n".encode("utf-16")),
        ("nul.csv", b"x,y\n1,2\n3,\x004\n"),
        ("mac.csv", b"x,y\r1,2\r3,4\r"),
        ("commas.csv", b"x;y\n1,5;2,5\n3,5;4,5\n"),
        ("WIDE.TXT.ZST", pa.compress(b"x\ty\n1\t2\n3\t4\n", "zstd", asbytes=True)),
    ],
)
def test_what_a_file_on_the_server_may_be_an_upload_may_be(ada, name: str, body: bytes) -> None:
    answer = send(ada, name, body)
    assert (answer.status_code, answer.get_json().get("rows")) == (201, 2), answer.text


def test_what_is_declared_too_large_is_refused_at_once(ada, folder) -> None:
    answer = ada.post(
        "/uploads/a.parquet", headers=HEADER, data=io.BytesIO(), environ_overrides={"CONTENT_LENGTH": "2000000000"}
    )
    assert answer.status_code == 413
    assert "209,715,200 bytes" in answer.get_json()["error"]


def test_a_body_that_ends_too_soon_leaves_nothing(ada, folder) -> None:
    before = left(folder)
    answer = ada.post(
        "/uploads/a.parquet", headers=HEADER, data=io.BytesIO(b"PAR1"), environ_overrides={"CONTENT_LENGTH": "900"}
    )
    assert 400 <= answer.status_code < 500
    assert left(folder) == before


@pytest.mark.parametrize(
    ("name", "status"),
    [("..%2f..%2fa.parquet", 404), ("..", 422), ("%00.parquet", 400), ("a%0ab.parquet", 400), ("a%5cb.parquet", 400),
     ("a" * 10_000 + ".parquet", 400)],
)  # fmt: skip
def test_a_name_is_never_a_path(ada, folder, name: str, status: int) -> None:
    before = left(folder)
    assert send(ada, name, parquet()).status_code in (status, 405)
    assert left(folder) == before


def test_any_letters_may_name_a_file(ada) -> None:
    answer = send(ada, "東京 – Größe.parquet", parquet())
    assert answer.status_code == 201
    assert answer.get_json()["name"].startswith("upload-gr-e-")


def test_what_is_forgotten_is_gone_at_once_and_its_browser_is_another(app, ada, kept, folder, visit) -> None:
    before = ada.get_cookie("stageboard_session").value
    body = {
        "output": "session-go.href",
        "outputs": {"id": "session-go", "property": "href"},
        "inputs": [{"id": "session-forget", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["session-forget.n_clicks"],
    }
    answer = ada.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.text
    assert ada.get_cookie("stageboard_session").value != before
    assert ada.get(f"/explorer/{kept}").status_code == 404
    assert not [one for one in folder.rglob("*") if one.name == kept]


def private(app) -> dict[str, set[str]]:
    """Return the keys of what was computed of uploads, and what of them a process alone holds, by who holds it."""
    engine = runtime.of(app.server)
    held = {type(tier).__name__: set(tier.keys("private-")) for tier in engine.store.tiers}
    for name, one in engine.pipelines.items():
        held[name] = {key for key in one.residents if key.startswith("private-")}
    return held


def mapped(folder: Path) -> list[str]:
    """Return what of a folder this process has mapped into memory."""
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if str(folder) in line]


def view(app, client: FlaskClient, folder: Path, name: str) -> None:
    assert client.get(tile(app, folder, name)).status_code == 200
    assert client.get(f"/image/{name}/map.png?width=60&height=40").status_code == 200
    assert aggregate(client, dataset=name, plot="map", x="lon", y="lat", x0=-20, x1=20, y0=20, y1=60)


def test_what_was_computed_of_an_upload_goes_with_it_and_nothing_else(app, ada, eve, kept, folder) -> None:
    engine, before = runtime.of(app.server), private(app)
    theirs = send(eve, "Trips of Eve.parquet", parquet(200)).get_json()["name"]
    view(app, eve, folder, theirs)
    assert eve.get("/image/places/map.png?width=61&height=41").status_code == 200
    others, shared = private(app), set(engine.store.keys()) - set(engine.store.keys("private-"))
    view(app, ada, folder, kept)
    hers = private(app)
    assert all(hers[one] > others[one] > before[one] for one in hers)
    (home,) = folder.rglob(kept)
    assert mapped(home)
    (owner,) = {one.parent.name for one in folder.rglob(kept)}
    engine.uploads.delete(owner, kept)
    assert private(app) == others
    assert mapped(home.parent) == []
    assert set(engine.store.keys()) - set(engine.store.keys("private-")) >= shared
    assert eve.get(tile(app, folder, theirs)).status_code == 200
    engine.uploads.tidy()
    assert private(app) == others


def test_stages_are_counted_whoever_may_see_their_results(app, ada, kept, folder) -> None:
    view(app, ada, folder, kept)
    assert not [one for one in runtime.of(app.server).store_stats()["stages"] if "private" in one]


def test_a_session_that_has_ended_is_swept_with_its_uploads(app, ada, kept, folder) -> None:
    uploads = runtime.of(app.server).uploads
    home = next(one.parent for one in folder.rglob(kept))
    assert uploads.sweep(0) == 0
    os.utime(home, (1, 1))
    assert uploads.sweep(0) == 1
    assert not home.exists()


def test_a_session_has_no_more_than_its_quota(tmp_path) -> None:
    owner, limits = "ab" * 16, {"upload": 10**6, "total": 10**9, "idle": 10**6}
    first = Uploads(tmp_path, quota=10**8, **limits).receive(owner, "a.parquet", None, [parquet()])
    full = Uploads(tmp_path, quota=5_000, **limits)
    with pytest.raises(QuotaError, match="delete one to make room"):
        full.receive(owner, "a.parquet", None, [parquet()])
    with pytest.raises(QuotaError, match="delete one to make room"):
        full.watched(full.find(owner, first.name).plots[0].path)(0.5, "placing")
    full.delete(owner, first.name)
    assert full.size(owner) == 0


def test_a_body_without_an_end_is_cut_off_at_the_limit(tmp_path) -> None:
    uploads = Uploads(tmp_path, upload=10**6, quota=10**8, total=10**9, idle=10**6)
    with pytest.raises(TooLargeError, match="1,000,000 bytes"):
        uploads.receive("ab" * 16, "a.csv", None, repeat(b"1,2\n" * 10_000))
    assert left(tmp_path) == set()
