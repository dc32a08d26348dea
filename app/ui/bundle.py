"""Our scripts and styles, all of a kind as one file: some thirty requests fewer when a page is first opened."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["css", "js"]
ASSETS: Final = Path(__file__).parent.parent / "assets"
SOURCES: Final = r".*\.(css|js)$"
"""A pattern of the names of the files that are bundled."""


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
    files = sorted(ASSETS.glob(f"*.{kind}"))
    text = "".join(f"/* {file.name} */\n{file.read_text('utf-8')}\n" for file in files)
    return Bundle(f"bundle-{sha256(text.encode()).hexdigest()[:12]}.{kind}", text)
