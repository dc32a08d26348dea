"""A writer is killed 100 times at random moments: what it was told is kept, is kept, and nothing is torn."""

import json
import subprocess
import sys
from pathlib import Path

from app.pipeline.stores.disk import DiskStore

ROOT = Path(__file__).resolve().parents[2]
KILLS = 100

# A warm parent forks writers, each of which says what was acknowledged, and kills them: while they open the store,
# write a row, a file, or replace a value. On a busy machine, too, most have written something by then.
SCRIPT = """
import json, os, random, signal, sys
from pathlib import Path
from time import sleep
from app.pipeline.stores.registry import open_store

def value(key):
    return random.Random(key).randbytes(200 if key % 2 else 50_000)

def write(said, turn):
    store = open_store(("memory:", 80_000_000), (f"disk:{sys.argv[1]}", 800_000_000))
    for at in range(1_000_000):
        key = turn * 1_000 + at % 20
        store.set(str(key), value(key), wait=True)
        os.write(said, b"%d\\n" % key)

chance, acknowledged = random.Random(7), set()
for turn in range(int(sys.argv[2])):
    hears, said = os.pipe()
    child = os.fork()
    if not child:
        write(said, turn)
    os.close(said)
    with os.fdopen(hears) as lines:
        heard = [lines.readline() for _ in range(chance.choice((0, 0, 1, 2, 30)))]
        sleep(chance.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged |= {int(line) for line in [*heard, *lines] if line.endswith("\\n")}
lost = []
store = open_store(("memory:", 80_000_000), (f"disk:{sys.argv[1]}", 800_000_000))
for key in acknowledged:
    found = store.get(str(key))
    if found is None or found.data != value(key):
        lost.append(key)
torn = [key for key in map(int, store.keys()) if store.get(str(key)).data != value(key)]
print(json.dumps({"acknowledged": len(acknowledged), "lost": lost, "torn": torn, "faults": store.check(),
                  "errors": store.stats()[-1].errors}))
"""


def test_a_writer_killed_100_times_loses_nothing_that_was_acknowledged(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, str(KILLS)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report.pop("acknowledged") > KILLS
    assert report == {"lost": [], "torn": [], "faults": [], "errors": 0}
    store = DiskStore(tmp_path)
    assert store.check() == []
    store.close()
