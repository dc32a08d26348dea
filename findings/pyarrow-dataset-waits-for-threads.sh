#!/bin/sh
# Behaviour: a dataset's or fragment's to_batches waits for ever where the process cannot start another thread, as under
# a limit of addresses (RLIMIT_AS) that is used up: no error, no timeout. ParquetFile.iter_batches(use_threads=False)
# reads the same file under the same limit.
# Versions: pyarrow 26.0.1, Python 3.11, Linux.
# Seen: under a limit of 4 MiB, set after a Parquet file of 100,000 rows was written: iter_batches reads all rows;
# to_batches of the dataset has not ended after 20 s (nor after 180 s).
# Why it matters: whoever reads files that nobody vouches for in a process with limits expects an error where memory is
# short; by a dataset that process stays until somebody ends it, and holds its place in the queue. Read such files by
# ParquetFile without threads, and end the process by the clock.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
cat > "$folder/read.py" <<'PY'
import resource
import sys

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq

how, path = sys.argv[1:]
pq.write_table(pa.table({"x": range(100_000)}), path)
resource.setrlimit(resource.RLIMIT_AS, (2**22, 2**22))
if how == "dataset":
    batches = pads.dataset(path).to_batches()
else:
    batches = pq.ParquetFile(path, pre_buffer=False).iter_batches(use_threads=False)
print(how, "read", sum(len(batch) for batch in batches), "rows")
PY
timeout 20 "$folder/venv/bin/python" "$folder/read.py" file "$folder/file.parquet"
status=0
timeout 20 "$folder/venv/bin/python" "$folder/read.py" dataset "$folder/dataset.parquet" || status=$?
if [ "$status" -ne 124 ]; then
  echo "the behaviour has changed: the dataset's reader ended with status $status"
  exit 1
fi
echo "dataset: still waiting after 20 s"
