"""Whatever goes wrong with a file becomes one sentence about that file, so that it never takes down what reads others.

Owns the last net under the readers. What they foresee they put better themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.pipeline.errors import DataError, StageboardError


@contextmanager
def confined(path: Path) -> Iterator[None]:
    """Turn every error of the block into a `DataError` about a file.

    Parameters
    ----------
    path : Path
        The file that the block looks at.

    Raises
    ------
    DataError
        In one sentence: what was raised on purpose as it was put, all else by its kind and first line.

    Examples
    --------
    >>> with confined(Path("a.csv")):
    ...     raise ZeroDivisionError("division by zero")
    Traceback (most recent call last):
        ...
    app.pipeline.errors.DataError: 'a.csv' cannot be read (ZeroDivisionError: division by zero): write it again, \
for example as Parquet, or remove it.
    """
    try:
        yield
    except DataError:
        raise
    except StageboardError as error:
        raise DataError(str(error)) from error
    # A library below a reader may raise anything for bytes that it did not expect.
    except Exception as error:
        line = next(iter(str(error).strip().splitlines()), "").rstrip(".")
        said = f"{type(error).__name__}: {line}" if line else type(error).__name__
        raise DataError(
            f"{str(path)!r} cannot be read ({said[:200]}): write it again, for example as Parquet, or remove it."
        ) from error
