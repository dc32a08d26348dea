"""Our scripts and styles, all of a kind as one file: some thirty requests fewer when a page is first opened.

A page's worker has a file of its own: ``*.worker.js``, and what it shares with the page.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["css", "js", "worker"]
KINDS: Final[tuple[Kind, ...]] = ("css", "js", "worker")
ASSETS: Final = Path(__file__).parent.parent / "assets"
SOURCES: Final = r".*\.(css|js)$"
"""A pattern of the names of the files that are bundled."""
WORKERS: Final = r".*\.worker\.js$"
"""A pattern of those that are no script of a page."""


class Bundle(NamedTuple):
    """All files of a kind, in the order of their names.

    Parameters
    ----------
    name : str
        It changes with the text, so that browsers may keep a bundle for ever.
    text : str
    """

    name: str
    text: str


@cache
def bundle(kind: Kind) -> Bundle:
    """Return the bundle of a kind, as its files were when it was first asked for."""
    text = "".join(f"/* {file.name} */\n{file.read_text('utf-8')}\n" for file in _files(kind))
    return Bundle(f"bundle-{sha256(text.encode()).hexdigest()[:12]}.{kind}", text)


def _files(kind: Kind) -> list[Path]:
    workers = sorted(ASSETS.glob("*.worker.js"))
    if kind == "worker":
        return [ASSETS / "wire.js", *workers]
    return [one for one in sorted(ASSETS.glob(f"*.{kind}")) if one not in workers]
