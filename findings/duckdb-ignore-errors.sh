#!/bin/sh
# Behaviour: read_csv(..., ignore_errors=true) reads on after a bad line, which it promises, but what it leaves out is not
# that line. A value whose quotation mark never closes takes every row that follows, up to the end, and rows before it are
# not returned either. `count(*)` over a text that is not UTF-8 counts the lines of which a `SELECT *` returns none.
# Versions: duckdb 2.0.1, Python 3.11.
# Seen: of 400,000 rows with one stray mark in the 123,457th, 1 row comes back, without a warning; of 1,000 rows in
# Latin-1, count(*) says 1,000 and fetchall() returns 0.
# Why it matters: the option is the usual advice for files from people. A map drawn from what is left looks like a map,
# and a check of the count beforehand does not find it. Whoever uses it should read `reject_errors` with store_rejects, and
# hold the rows that came against the lines of the file.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from pathlib import Path

import duckdb

folder = Path(sys.argv[1])
rows = [f'{at},"a, b {at}",{at}' for at in range(400_000)]
rows[123_456] = '7,"open,8'
(folder / "stray.csv").write_text("x,w,y\n" + "\n".join(rows) + "\n")
(folder / "latin.csv").write_bytes(("x,w\n" + "1,é\n" * 1000).encode("latin-1"))
found = {}
for name in ("stray", "latin"):
    source = f"read_csv('{folder / name}.csv', sample_size=-1, ignore_errors=true)"
    count = duckdb.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0]
    found[name] = (count, len(duckdb.sql(f"SELECT * FROM {source}").fetchall()))
    print(f"{name}: count(*) says {count:,}, fetchall() returns {found[name][1]:,} rows")
assert found["stray"][1] < 1_000 and found["latin"][0] != found["latin"][1], "the behaviour has changed"
PY
