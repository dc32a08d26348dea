"""What became of each stage, told to browsers and operators in a response's ``Server-Timing`` header."""

from collections.abc import Sequence

from app.pipeline.run import Event


def server_timing(events: Sequence[Event]) -> str:
    """Return what became of each stage, as a ``Server-Timing`` header.

    Examples
    --------
    >>> server_timing([Event("source", "unneeded"), Event("grid", "ran", 12.34, 60_000, parts_ran=4)])
    'source;desc=unneeded;dur=0.00, grid;desc=ran;dur=12.34;parts=4'
    """
    return ", ".join(
        f"{one.stage};desc={one.how};dur={one.ms:.2f}" + (f";parts={one.parts_ran}" if one.parts_ran else "")
        for one in events
    )
