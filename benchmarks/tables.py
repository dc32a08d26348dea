"""Write the committed results into docs/performance.md, so that it claims nothing that was not measured.

python -m benchmarks.tables
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import cell

RESULTS = Path("benchmarks/results")
PAGE = Path("docs/performance.md")
BEGIN, END = "<!-- tables: written by python -m benchmarks.tables -->\n", "<!-- end of tables -->\n"
NONE = "No results are committed yet.\n"


def main() -> None:
    """Write the page's tables anew."""
    PAGE.write_text(page(PAGE.read_text(), RESULTS))


def page(text: str, results: Path) -> str:
    """Return a page with its tables made of a folder of results."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    reports = [json.loads(one.read_text()) for one in results.glob("engine-*.json")]
    parts = [engine(one) for one in sorted(reports, key=lambda one: one["rows"])]
    pages = [json.loads(one.read_text()) for one in results.glob("peers-*.json")]
    parts += [peers(one) for one in sorted(pages, key=lambda one: one["rows"])]
    kinds = {
        "store": store,
        "stress-sessions": sessions,
        "stress-fuzz": fuzzing,
        "stress-locked": locked,
        "stress-paused": paused,
        "stress-differential": differential,
    }
    parts += [
        make(json.loads(one.read_text())) for name, make in kinds.items() if (one := results / f"{name}.json").exists()
    ]
    return f"{head}{BEGIN}\n{chr(10).join(parts) or NONE}\n{END}{tail}"


def engine(found: Mapping[str, Any]) -> str:
    """Return the tables of one run."""
    return "\n".join(
        [
            f"### {found['rows']:,} rows\n",
            f"{_made(found)}, load {found['load']} to {found['load_after']}; Datashader "
            f"{found['versions']['datashader']}, Python {found['python']}.\n",
            _table("A session, ms", [_session_row(one) for one in found["session"]]),
            _table("Single actions, ms", found["actions"]),
            _table("Memory over imports, at rest, MB a worker", found["memory"]),
            _table("Read from disk by a fresh process", [{"what": one, **row} for one, row in found["stored"].items()]),
            _table("Opening the data for the first time, s", [found["build"]]),
            _table("Disk, MB", [found["disk_mb"]]),
            _table("Starting a process, ms", [found["startup_ms"]]),
            _equality(found),
        ]
    )


def _made(found: Mapping[str, Any]) -> str:
    return f"Commit {found['commit']}, {found['date']}; {found['cores']} cores, {found['processor']}"


def store(found: Mapping[str, Any]) -> str:
    """Return the table of the disk store beside diskcache and plain files."""
    return f"### The store on disk\n\n{_made(found)}, load {found['load']}.\n\n" + _table("Calls, ms", found["rows"])


def sessions(found: Mapping[str, Any]) -> str:
    """Return the tables of the sessions that act at random."""
    rows = [
        {"worker": number, **{f"quarter {part}": mb for part, mb in enumerate(quarters, 1)}}
        for number, quarters in enumerate(found["private_mb_by_quarter"], 1)
    ]
    head = (
        f"### {found['sessions']:,} sessions at random\n\n{_made(found)}, load {found['load']}; {found['workers']} "
        f"workers, {found['clients']} clients that never wait, {found['seconds']:.0f} s; {found['faults']} errors, "
        f"{found['uploads_told_to_wait']} uploads told to wait.\n"
    )
    return "\n".join([head, _table("Requests", found["requests"]), _table("Private memory, median, MB", rows)])


def fuzzing(found: Mapping[str, Any]) -> str:
    """Return the sentence about hostile requests."""
    return f"### Hostile requests\n\n{_made(found)}: {found['requests']:,} requests, no fault.\n"


def locked(found: Mapping[str, Any]) -> str:
    """Return the table of an index that another process locks."""
    title = f"The index of results locked by another process for {found['seconds']} s"
    return _table_of(title, "Requests meanwhile and just after, by one client that never waits", found)


def paused(found: Mapping[str, Any]) -> str:
    """Return the table of a process that is stopped while it computes what others want."""
    title = f"A process stopped for {found['seconds']} s while it computes"
    return _table_of(title, "Another takes over; the late result does no harm", found)


def differential(found: Mapping[str, Any]) -> str:
    """Return the table of what the pages show beside Datashader and the true rows."""
    head = f"### {found['seeds']:,} random cases\n\n{_made(found)}, {found['seconds']:,} s.\n\n"
    return head + _table("Compared, and differing", [{"what": name, "n": n} for name, n in found["counts"].items()])


def _table_of(title: str, what: str, found: Mapping[str, Any]) -> str:
    return f"### {title}\n\n{_made(found)}, load {found['load']}.\n\n" + _table(what, found["rows"])


def peers(found: Mapping[str, Any]) -> str:
    """Return the tables of one run in the browser, a column or a row a peer; of the parts that were run."""
    made = {"actions": _actions, "sessions": _at_once, "memory": _memory, "restart": _restarted}
    by_part = {part: {name: one.get(part) for name, one in found["peers"].items()} for part in made}
    parts = [make(by_part[part]) for part, make in made.items() if any(by_part[part].values())]
    return "\n".join(
        [
            f"### Pages on {found['rows']:,} rows, in a browser\n\nCommit {found['commit']}, {found['date'][:10]}; "
            f"{found['cores']} cores; median of {found['repeats']}.\n",
            *parts,
        ]
    )


def _actions(by_peer: Mapping[str, Any]) -> str:
    took = {name: one.get("actions", {}) for name, one in by_peer.items()}
    names = dict.fromkeys(action for actions in took.values() for action in actions)
    rows = [
        {
            "action": name,
            **{peer: actions.get(name, {}).get("ms", {}).get("median", "-") for peer, actions in took.items()},
        }
        for name in names
    ]
    return _table("Action to painted pixels, ms", rows)


def _at_once(by_peer: Mapping[str, Any]) -> str:
    rows = [
        {"page": name, "answers a second": one["actions_per_second"], "median ms": one["ms"]["median"]}
        for name, one in by_peer.items()
        if "failed" not in one
    ]
    return _table("Twenty sessions that act without a pause", rows)


def _memory(by_peer: Mapping[str, Any]) -> str:
    rows = [
        {
            "page": name,
            **{f"{at['sessions']} open": round(at["bytes"] / 1e6) for at in one["at"][:-1]},
            "at the end": f"{one['at'][-1]['bytes'] / 1e6:,.0f} with {one['at'][-1]['sessions']}",
            "a further one": round(one["bytes_a_further_session"] / 1e6, 3),
        }
        for name, one in by_peer.items()
        if "failed" not in one
    ]
    return _table("Memory by open sessions, MB", rows)


def _restarted(by_peer: Mapping[str, Any]) -> str:
    tries = {name: one["restart"] for name, one in by_peer.items() if "failed" not in one}
    rows = [
        {
            "after a restart": f"{action}, {page.replace('_', ' ')}",
            **{name: _ms(one[page].get(action)) for name, one in tries.items()},
        }
        for page in ("same_page", "new_page")
        for action in dict.fromkeys(action for one in tries.values() for action in one[page])
    ]
    return _table("The server ends, and starts again; ms, or what becomes of the action", rows)


def _ms(tried: Mapping[str, Any] | None) -> Any:
    return "-" if tried is None else tried.get("ms", "fails")


def _session_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a session with both chains side by side: p50 / p95."""
    pairs = {who: f"{row[f'{who}_p50_ms']:,} / {row[f'{who}_p95_ms']:,}" for who in ("engine", "baseline")}
    ratios = {f"ratio of {name}": row[f"ratio_{name}"] for name in ("p50", "p95", "total")}
    return {
        "kind": row["kind"],
        "actions": row["actions"],
        **{f"{who}, p50 / p95": two for who, two in pairs.items()},
        **ratios,
    }


def _equality(found: Mapping[str, Any]) -> str:
    one = found["equality"]
    return (
        f"Counts of {one['views']} views, {one['rows_drawn']:,} rows drawn: all are those of one `Canvas.points` "
        f"call over the quanta; {one['differing_from_floats']:,} rows lie in another pixel than by their raw floats.\n"
    )


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a Markdown table of rows that have the same columns."""
    names = [name.replace("_", " ") for name in rows[0]]
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *[[cell(one) for one in row.values()] for row in rows]]
    return f"{title}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    main()
