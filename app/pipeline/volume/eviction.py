"""What goes when the budget is used up: GreedyDual-Size over the rows of the index, cheap for several processes.

Each row has a score: the floor at its last use, and the seconds that computing a byte of it takes. The lowest score
goes first, of equals the longest unused, and its score becomes the floor. So what is cheap to compute again goes
before what is dear, and what was dear but is used no more goes in the end. A use is written down only where the last
one was some seconds ago, for many keys at once.

What was used a short while ago is leased: a run may be about to read it again. None of it goes while the budget can be
kept by what is not; where leased values alone exceed it, the longest unused of them go.

References
----------
P. Cao, S. Irani: Cost-Aware WWW Proxy Caching Algorithms. USENIX Symposium on Internet Technologies and Systems, 1997.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, TypeAlias

Sql: TypeAlias = Callable[..., Any]

LEASE_SECONDS = 60.0
"""How long after its last use a value is leased."""
TOUCH_SECONDS = 10.0
"""A use is written down where the one before it is that long ago."""
ROW_BYTES = 400
"""About what a row and its entries in the indexes take on disk, beside the value."""

SCORE = "(SELECT floor FROM Eviction) + :cost / MAX(:size, 1)"

_HELD = "SELECT SUM(CASE key WHEN 'size' THEN value ELSE value * :row END) FROM Settings WHERE key IN ('size', 'count')"
_COLD = "SELECT rowid, size, score FROM Cache WHERE access_time <= :leased ORDER BY score, access_time"
_LEASED = "SELECT rowid, size, 0 FROM Cache WHERE access_time > :leased ORDER BY access_time"
_TOUCH = (
    "UPDATE Cache SET access_time = :now, score = (SELECT floor FROM Eviction) + cost / MAX(size, 1)"
    " WHERE key = :key AND raw = 1"
)


def prepare(sql: Sql) -> None:
    """Add to the index what eviction needs, where it is not there."""
    if "score" not in {row[1] for row in sql("PRAGMA table_info(Cache)").fetchall()}:
        sql("ALTER TABLE Cache ADD COLUMN cost REAL DEFAULT 0")
        sql("ALTER TABLE Cache ADD COLUMN score REAL DEFAULT 0")
    sql("CREATE INDEX IF NOT EXISTS Cache_score ON Cache(score, access_time)")
    sql("CREATE TABLE IF NOT EXISTS Eviction (floor REAL, count INTEGER)")
    sql("INSERT INTO Eviction SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM Eviction)")


def held(sql: Sql) -> int:
    """Return the bytes that count against the budget."""
    ((total,),) = sql(_HELD, {"row": ROW_BYTES}).fetchall()
    return int(total or 0)


def touch(sql: Sql, keys: Iterable[str], now: float) -> None:
    """Write down that keys were used."""
    for key in keys:
        sql(_TOUCH, {"now": now, "key": key})


def make_room(sql: Sql, over: int, now: float) -> list[str | None]:
    """Delete rows until at least some bytes are free, and return the files of what went.

    Parameters
    ----------
    sql : callable
        Of a connection that has the write lock.
    over : int
        Bytes to free. Nothing goes where it is not positive.
    now : float
        Seconds since 1970.
    """
    if over <= 0:
        return []
    chosen, floor = _victims(sql, over, now)
    sql("UPDATE Eviction SET floor = MAX(floor, ?), count = count + ?", (floor, len(chosen)))
    files: list[str | None] = []
    for rowid in chosen:
        files += [name for (name,) in sql("DELETE FROM Cache WHERE rowid = ? RETURNING filename", (rowid,)).fetchall()]
    return files


def _victims(sql: Sql, over: int, now: float) -> tuple[list[int], float]:
    """Choose rows to delete; return them and the highest score among those not leased."""
    chosen: list[int] = []
    floor = 0.0
    for query in (_COLD, _LEASED):
        with closing(sql(query, {"leased": now - LEASE_SECONDS})) as rows:
            for rowid, size, score in rows:
                if over <= 0:
                    break
                chosen.append(rowid)
                over, floor = over - size - ROW_BYTES, max(floor, score)
    return chosen, floor
