"""One part of one peer, in a process of its own: a failure or a hang there loses nothing else.

python -m benchmarks.peers.one PEER PART DATA FOLDER REPEATS OUT
"""

import json
import sys
from pathlib import Path

from benchmarks.peers import actions, memory, restart, sessions


def main() -> None:
    """Measure, and write JSON."""
    name, part, data, folder, repeats, out = sys.argv[1:]
    if part == "actions":
        found = actions.measure(name, Path(data), Path(folder), int(repeats), Path(out).parent)
    else:
        found = {"sessions": sessions, "memory": memory, "restart": restart}[part].measure(
            name, Path(data), Path(folder)
        )
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
