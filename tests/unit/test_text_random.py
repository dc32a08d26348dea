"""Random texts by several writers: rows and lines left out are all lines, values come back, and nothing breaks."""

import csv
import io
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.pipeline.errors import DataError
from app.pipeline.files import ReadAgainError
from app.pipeline.sources import open_source

WORDS = [
    "oak",
    "ash, young",
    'the "old" mill',
    "Ærø",
    "two\nlines",
    "a;b",
    "x|y",
    "tab\there",
    "",
    "'quoted'",
    "# no",
    '5"',
]
PLAIN = ["oak", "ash", "elm", "Ærø", "St. Malo", "O'Brien"]


def read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of a file, and how many lines were left out."""
    source = open_source(path)
    while True:
        try:
            batches = [part.batch for part in source.scan(source.schema.names)]
        except ReadAgainError:
            continue
        return list(pa.Table.from_batches(batches, schema=source.schema).to_pylist()), source.skipped


def frame(seed: int, words: list[str]) -> pd.DataFrame:
    """Make a table whose columns show what they are: reals, whole numbers, identifiers, words and times."""
    chance = np.random.default_rng(seed)
    n = int(chance.integers(20, 400))
    columns = {
        "lon": chance.uniform(-180, 180, n).round(5),
        "lat": chance.uniform(-90, 90, n).round(4),
        "count": chance.integers(-1000, 1000, n),
        "id": chance.integers(2**53, 2**63 - 1, n),
        "word": chance.choice(np.array(words, dtype=object), n),
        "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(chance.integers(0, 10**8, n), unit="s"),
    }
    names = ["lon", "lat", *[name for name in ("count", "id", "word", "time") if chance.random() < 0.8]]
    chance.shuffle(names)
    return pd.DataFrame({name: columns[name] for name in names})


def by_pandas(table: pd.DataFrame, chance: random.Random) -> tuple[str, str]:
    separator = chance.choice([",", ";", "\t", "|"])
    decimal = chance.choice([",", "."]) if separator != "," else "."
    text = table.to_csv(
        index=False,
        sep=separator,
        decimal=decimal,
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]) if decimal == "." else 0,
        lineterminator=chance.choice(["\n", "\r\n"]),
        date_format="%Y-%m-%d %H:%M:%S",
    )
    return text, separator


def by_arrow(table: pd.DataFrame, chance: random.Random) -> tuple[str, str]:
    separator = chance.choice([",", ";", "\t", "|"])
    out = io.BytesIO()
    style = chance.choice(["needed", "all_valid"])
    pacsv.write_csv(
        pa.Table.from_pandas(table, preserve_index=False),
        out,
        pacsv.WriteOptions(delimiter=separator, quoting_style=style),
    )
    return out.getvalue().decode(), separator


def by_hand(table: pd.DataFrame, chance: random.Random) -> tuple[str, str]:
    """Join values without any quoting, as many portals do; only for words that hold no separator."""
    separator = chance.choice(["\t", "|", ";"])
    lines = [table.columns.tolist(), *([str(value) for value in row] for row in table.itertuples(index=False))]
    return "\n".join(separator.join(line) for line in lines) + "\n", separator


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, float):
        return found is not None and math.isclose(found, wanted, rel_tol=1e-12)
    if isinstance(wanted, pd.Timestamp):
        return pd.Timestamp(found) == wanted
    return bool(found == wanted)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    writer=st.sampled_from([by_pandas, by_arrow, by_hand]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    bad=st.integers(0, 3),
    before=st.sampled_from(["", "# made by hand\n# twice\n"]),
)
def test_rows_come_back_and_lines_add_up(
    tmp_path: Path, seed: int, writer: Any, codec: str, bad: int, before: str
) -> None:
    chance = random.Random(seed)
    table = frame(seed, PLAIN if writer is by_hand else WORDS)
    text, separator = writer(table, chance)
    wrong = [separator.join(["1"] * (len(table.columns) + chance.choice([-1, 1, 3]))) for _ in range(bad)]
    path = tmp_path / "t.csv"
    path.write_bytes((before + text + "".join(f"{line}\n" for line in wrong)).encode(codec))
    rows, skipped = read(path)
    assert (len(rows), skipped) == (len(table), bad)
    for found, wanted in zip(rows, table.to_dict("records"), strict=True):
        assert list(found) == list(wanted)
        assert all(same(found[name], wanted[name]) for name in wanted), (found, wanted)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), late=st.sampled_from(["unknown", "-", "12A", '"', '"open', "N/A", "1.5", ""]))
def test_damage_anywhere_loses_no_more_than_its_line(tmp_path: Path, seed: int, late: str) -> None:
    chance = random.Random(seed)
    separator = chance.choice(["\t", ",", "|"])
    count = chance.randint(30, 300)
    lines = [separator.join([f"{at}", f"{at}.25", f"{at / 8}", f"word {at}"]) for at in range(count)]
    hurt = sorted(chance.sample(range(count), chance.randint(1, 3)))
    for at in hurt:
        values = lines[at].split(separator)
        values[chance.randint(1, 3)] = late
        lines[at] = separator.join(values)
    path = tmp_path / "t.csv"
    path.write_text(separator.join(["id", "lon", "lat", "word"]) + "\n" + "\n".join(lines) + "\n")
    rows, skipped = read(path)
    assert len(rows) + skipped == count
    kept = {row["id"]: row for row in rows}
    for at in set(range(count)) - set(hurt):
        assert kept[at]["lon"] == at + 0.25, lines[at]
        assert kept[at]["word"] == f"word {at}"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(alphabet="12,;\t|\"'\n\r.-#a é\\\0=", max_size=200).map(lambda text: text.encode()),
        st.text(alphabet='12,"\n', max_size=80).map(lambda text: b"x,y\n" + text.encode()),
    )
)
@example(b"\xff\xfe")
@example(b"\x1f\x8b")
@example(b'x,y\n1,"2')
@example(b"sep=")
def test_any_bytes_are_rows_or_one_sentence(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(body)
    try:
        rows, skipped = read(path)
    except DataError:
        return
    assert len(rows) + skipped <= body.count(b"\n") + body.count(b"\r") + 1


@pytest.mark.parametrize("writer", [by_pandas, by_arrow, by_hand])
def test_writers_differ(writer: Any) -> None:
    assert {writer(frame(seed, PLAIN), random.Random(seed))[1] for seed in range(20)} > {";", "\t"}
