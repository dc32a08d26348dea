"""Readers of every format: which one a path wants.

This module owns the choice. Formats are `parquet`, `arrow` and `text`; each reads batches of bounded size, in the order
of the rows.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from app.pipeline.arrow import ArrowSource
from app.pipeline.errors import DataError
from app.pipeline.files import ARROW, PARQUET, TEXT, Source, missing, unknown_extension
from app.pipeline.parquet import ParquetSource
from app.pipeline.text import TextSource


def open_source(path: Path) -> Source:
    """Open a file by its extension, or a folder of Parquet files.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Source

    Raises
    ------
    DataMissingError
        If nothing is there.
    DataError
        If the format is not supported, or the file is not what its extension says.
    """
    if not os.path.lexists(path):
        raise missing(path)
    name = path.name.lower()
    if path.is_dir() or name.endswith(PARQUET):
        source: Source = ParquetSource(path)
    elif name.endswith(TEXT):
        source = TextSource(path)
    elif name.endswith(ARROW):
        source = ArrowSource(path)
    else:
        raise unknown_extension(path)
    _check_names(path, source.schema.names)
    return source


def _check_names(path: Path, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{str(path)!r} has more than one column named {twice[0]!r}: rename all but one.")
    if not names:
        raise DataError(f"{str(path)!r} has no columns.")
