"""Statistics of repetitions, and the tables of peers beside Stageboard."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

OURS = "stageboard"
Found = Mapping[str, Mapping[str, Any]]


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Return the median, the least, the greatest, and the number of values; no median where there are none."""
    if not values:
        return {"median": None, "min": None, "max": None, "count": 0}
    return {
        "median": round(median(values), 1), "min": round(min(values), 1), "max": round(max(values), 1),
        "count": len(values),
    }  # fmt: skip


def ratio(theirs: float | None, ours: float | None) -> str:
    """Return how many times as long a peer takes, in brackets; empty where that says nothing."""
    return f"({theirs / ours:.1f}x)" if theirs is not None and ours else ""


def lines(peers: Found) -> Iterator[str]:
    """Yield the tables of a report, from each peer's parts by name."""
    for part, table in (("actions", _actions), ("sessions", _sessions), ("memory", _memory), ("restart", _restart)):
        found = {name: parts[part] for name, parts in peers.items() if part in parts}
        if found:
            yield f"\n{part}"
            yield from table({name: one for name, one in found.items() if "failed" not in one})
            yield from (f"  {name} failed: {one['failed']}" for name, one in found.items() if "failed" in one)


def _actions(found: Found) -> Iterator[str]:
    names = dict.fromkeys(action for one in found.values() for action in one["actions"])
    yield f"{'median ms (ratio to Stageboard)':44}" + "".join(f"{name:>20}" for name in found)
    for action in names:
        took = {name: one["actions"].get(action, {}).get("ms", {}).get("median") for name, one in found.items()}
        cells = (
            f"{'-' if took[name] is None else took[name]} {ratio(took[name], took.get(OURS)) if name != OURS else ''}"
            for name in found
        )
        yield f"{action:44}" + "".join(f"{cell.strip():>20}" for cell in cells)
    for what in ("received_bytes", "server_cpu_ms"):
        took = {name: one["actions"].get("colormap", {}).get(what) for name, one in found.items()}
        yield f"{'colormap, ' + what:44}" + "".join(f"{took[name]!s:>20}" for name in found)
    floors = [one["floor_ms"]["median"] for one in found.values()]
    yield f"The method's own floor: {summary(floors)['median']} ms; frames are 16.7 ms apart."


def _sessions(found: Found) -> Iterator[str]:
    for name, one in found.items():
        yield f"  {name:12}{one['actions_per_second']:>8} a second; p50 {one['ms']['median']} ms ({one['how']})"


def _memory(found: Found) -> Iterator[str]:
    for name, one in found.items():
        at = ", ".join(f"{row['sessions']}: {row['bytes'] / 1e6:.0f} MB" for row in one["at"])
        more, disk = one["bytes_a_further_session"] / 1e6, one["disk_bytes_a_further_session"] / 1e6
        yield f"  {name:12}{more:8.2f} MB a further session, {disk:.2f} MB of disk ({at})"


def _restart(found: Found) -> Iterator[str]:
    for name, one in found.items():
        after, new = one["restart"]["same_page"], one["restart"]["new_page"]
        yield f"  {name:12}same page: {_said(after)}; new page: {_said(new)}"
        for page in one["two_workers"]["pages"]:
            yield f"  {'':12}two workers: {_said(page)}"


def _said(tries: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{action} {one['ms']} ms" if "ms" in one else f"{action} FAILS" for action, one in tries.items())
