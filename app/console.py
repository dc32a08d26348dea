"""What the command line prints: facts on standard output, everything else on standard error."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Report = Callable[[float, str], None]
_WIDEST = 10_000


def say(message: str) -> None:
    """Print a note for the user, unwrapped, to standard error."""
    Console(stderr=True).print(Text(message), soft_wrap=True)


def complain(message: str) -> None:
    """Print an error as one sentence to standard error."""
    Console(stderr=True).print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, default=str, ensure_ascii=False), flush=True)  # noqa: T201


def print_table(rows: Sequence[Mapping[str, object]], wide: Sequence[str] = ()) -> None:
    """Print rows as a table whose headings are the first row's names.

    Parameters
    ----------
    rows : sequence of mapping
        All with the same names.
    wide : sequence of str
        Columns that may be folded; the others keep their width, also beyond that of the terminal.
    """
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0]:
        numbers = all(isinstance(row[name], int | float) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", no_wrap=name not in wide, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    console = Console()
    if not wide:
        console.width = max(
            console.width, console.measure(table, options=console.options.update(width=_WIDEST)).maximum
        )
    console.print(table)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


@contextmanager
def progress(what: str) -> Iterator[Report]:
    """Show a bar on standard error while the block runs; the block reports ``(fraction, message)``."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)

        def report(fraction: float, message: str) -> None:
            bar.update(task, completed=fraction, description=message or what)

        yield report
