"""Which columns belong together as coordinates, by their names: on the earth, in the sky, on a grid, of an embedding.

Owns names in the languages and habits that files have. What their values say is `judging`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from app.datasets.names import words

Family: TypeAlias = Literal["geographic", "sky", "grid", "plane", "embedding", "pixels", ""]
"""What a pair's names speak of; nothing where they say nothing."""

_ORDER: Final = ("geographic", "sky", "grid", "plane", "embedding", "pixels")


class _Side(NamedTuple):
    family: Family
    group: str
    across: bool


def _sides(family: Family, group: str, across: str, up: str) -> dict[str, _Side]:
    return {word: _Side(family, group, side) for side, all_ in ((True, across), (False, up)) for word in all_.split()}


_SIDES: Final = {
    **_sides(
        "geographic",
        "degrees",
        "longitude lon lng long longitud longitudine laengengrad langengrad lengtegraad",
        "latitude lat latitud latitudine breitengrad breedtegraad",
    ),
    **_sides("sky", "equatorial", "ra raj rightascension", "dec de dej decj decl declination"),
    **_sides("sky", "galactic", "glon", "glat"),
    **_sides("sky", "ecliptic", "elon", "elat"),
    **_sides("grid", "grid", "easting eastings rechtswert", "northing northings hochwert"),
    **_sides("plane", "plane", "x", "y"),
    **_sides("pixels", "pixels", "col column", "row"),
}
# Names that mean something only where the whole column is called so.
_WHOLE: Final = {
    **_sides("sky", "galactic", "l", "b"),
    **_sides("sky", "equatorial", "radeg radegrees", "dedeg decdeg decdegrees"),
    **_sides("grid", "grid", "e east", "n north"),
    **_sides("grid", "swiss", "gkodeost gkode", "gkodenord gkodn"),
}
_GLUED: Final = (
    re.compile(r"(?P<before>.+?)(?P<side>longitude|latitude)(?P<after>)"),
    re.compile(r"(?P<before>)(?P<side>longitude|latitude)(?P<after>.+)"),
    re.compile(r"(?P<before>rec|start|end|pickup|dropoff|orig|origin|dest|from|to|geo|gps|x|y|center|cent|intpt|pt)"
               r"(?P<side>long|lon|lng|lat)(?P<after>)"),
    re.compile(r"(?P<before>)(?P<side>long|lon|lng|lat)(?P<after>dd|deg|decimal|wgs|gps|degrees)"),
    re.compile(r"(?P<before>)(?P<side>[xy])(?P<after>coord|coordinate|pos|position|utm|loc|location|pixel|px|centroid|"
               r"center|merc|mercator|val)"),
    re.compile(r"(?P<before>coord|coordinate|pos|position|utm|loc|location|pixel|px|point|pt|img|image|umap|tsne|pca|"
               r"merc|mercator|centroid|center)(?P<side>[xy])(?P<after>)"),
)  # fmt: skip
_EMBEDDED: Final = frozenset(
    [
        "umap",
        "tsne",
        "sne",
        "pca",
        "pc",
        "phate",
        "mds",
        "lda",
        "ld",
        "dim",
        "dimension",
        "component",
        "comp",
        "embedding",
        "emb",
        "latent",
        "isomap",
        "pacmap",
        "trimap",
        "ica",
        "svd",
        "lsi",
        "nmf",
        "harmony",
        "scvi",
        "draw",
        "graph",
        "fa",
        "diffmap",
        "dc",
    ]
)
# A column so called measures how well a place is known, not where it is.
_ABOUT: Final = frozenset(
    [
        "error",
        "errors",
        "err",
        "std",
        "stddev",
        "sigma",
        "uncertainty",
        "unc",
        "accuracy",
        "precision",
        "corr",
        "bin",
        "count",
        "quality",
        "flag",
        "pm",
        "pmra",
        "pmdec",
        "variance",
        "cov",
    ]
)
_MOTION: Final = frozenset(
    [
        "v",
        "vel",
        "velocity",
        "speed",
        "acc",
        "accel",
        "acceleration",
        "gyro",
        "mag",
        "force",
        "wind",
        "flow",
        "min",
        "max",
        "delta",
        "d",
        "diff",
    ]
)
_PIXELS: Final = frozenset(["pixel", "pixels", "px", "img", "image"])
_SKY: Final = frozenset(["gal", "galactic", "ecl", "ecliptic", "eclip", "supergal"])
_NEUTRAL: Final = frozenset(
    [
        "decimal",
        "coord",
        "coordinate",
        "coordinates",
        "deg",
        "degree",
        "degrees",
        "dd",
        "wgs",
        "wgs84",
        "84",
        "4326",
        "epsg",
    ]
)
_MERCATOR: Final = frozenset(["mercator", "webmercator", "merc", "3857", "900913", "pseudomercator"])


class Pair(NamedTuple):
    """Two columns that are drawn against each other, what their names speak of, and what these have in common.

    `common` is ``pickup`` for pickup_x and pickup_y, and empty where there is nothing.
    """

    x: str
    y: str
    family: Family = ""
    common: str = ""

    @property
    def mercator(self) -> bool:
        """Whether their names speak of web mercator metres."""
        return bool(_MERCATOR & set(_tokens(self.x))) and bool(_MERCATOR & set(_tokens(self.y)))


def find_pairs(columns: Sequence[str]) -> list[Pair]:
    """Return the coordinate pairs among columns of numbers: those that say most first, then in the order of the file.

    Examples
    --------
    >>> [(one.x, one.y, one.family) for one in find_pairs(["acc_x", "acc_y", "Lat", "Longitude", "UMAP1", "UMAP2"])]
    [('Longitude', 'Lat', 'geographic'), ('acc_x', 'acc_y', 'plane'), ('UMAP1', 'UMAP2', 'embedding')]
    """
    ups: dict[tuple[str, tuple[str, ...]], str] = {}
    for column in columns:
        for side, rest in _readings(column):
            if not side.across:
                ups.setdefault((side.group, rest), column)
    found, used = [], set[str]()
    for column in columns:
        for side, rest in _readings(column):
            other = ups.get((side.group, rest), "") if side.across else ""
            if other and other not in used and column not in used:
                used |= {column, other}
                found.append(_pair(column, other, side.family, rest))
    found += [one for one in _embeddings(columns) if not {one.x, one.y} & used]
    return sorted(found, key=_rank)


def pair_of(x: str, y: str) -> Pair:
    """Return two columns as a pair, with what their names say of it."""
    return next((one for one in find_pairs([x, y]) if (one.x, one.y) == (x, y)), Pair(x, y))


def _pair(x: str, y: str, family: Family, rest: tuple[str, ...]) -> Pair:
    said = set(rest)
    if family == "geographic" and said & _SKY:
        family = "sky"
    if family == "plane" and said & _PIXELS:
        family = "pixels"
    return Pair(x, y, family, "_".join(word for word in rest if word not in _NEUTRAL | {"_"}))


def _rank(pair: Pair) -> tuple[int, int]:
    said = set(pair.common.split("_"))
    return _ORDER.index(pair.family or "pixels"), 2 if said & _MOTION else 1 if pair.common else 0


def _readings(column: str) -> Iterator[tuple[_Side, tuple[str, ...]]]:
    """Yield as which side of a pair a column can be read, and the rest of its name with a mark at the word's place."""
    whole = re.sub(r"[^a-z0-9]", "", _plain(column).lower())
    if whole in _WHOLE:
        yield _WHOLE[whole], ()
    tokens = _tokens(column)
    if _ABOUT & set(tokens):
        return
    for at, token in enumerate(tokens):
        if token in _SIDES:
            yield _SIDES[token], (*tokens[:at], "_", *tokens[at + 1 :])
        for pattern in _GLUED if token not in _SIDES else ():
            if glued := pattern.fullmatch(token):
                inner = [one for one in (glued["before"], "_", glued["after"]) if one]
                yield _SIDES[glued["side"]], (*tokens[:at], *inner, *tokens[at + 1 :])
                break


def _embeddings(columns: Sequence[str]) -> Iterator[Pair]:
    """Yield the first two dimensions of what reduces many: UMAP1 and UMAP2, or pca-0 and pca-1."""
    numbered: dict[tuple[str, ...], dict[int, str]] = {}
    for column in columns:
        *stem, last = _tokens(column) or ("",)
        if stem and last.isdecimal() and len(last) < 4 and _EMBEDDED & set(stem):
            numbered.setdefault(tuple(stem), {}).setdefault(int(last), column)
    for words_, by in numbered.items():
        first = 0 if 0 in by else 1
        if first in by and first + 1 in by:
            yield Pair(by[first], by[first + 1], "embedding", "_".join(words_))


def _plain(column: str) -> str:
    """Return a name without the marks on its letters."""
    return "".join(one for one in unicodedata.normalize("NFKD", column) if not unicodedata.combining(one))


@lru_cache(maxsize=4096)
def _tokens(column: str) -> tuple[str, ...]:
    found = words(_plain(column))
    # "t-SNE" and "right ascension" are one word each.
    text = " ".join(found).replace("t sne", "tsne").replace("right ascension", "rightascension")
    return tuple(text.split())
