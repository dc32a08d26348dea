"""The source: the data at the root, opened in this process."""

from typing import Any

from app.pipeline.run import Root
from app.pipeline.stage import stage


@stage("source", codec=None)
def source(root: Root) -> Any:
    """Open the root's data."""
    return root.open()
