"""Files that users sent: each in a folder of its own, in the folder of the session that alone may see it.

``{owner}/{name}/{slug}.parquet`` with ``upload.json`` and ``columns/`` beside it: what an upload takes on the disk, its
layout included, is what its folder holds, and is gone when the folder is. No name that a user chose is ever a path.
"""

from app.datasets.uploads.keeping import Uploads
from app.datasets.uploads.record import Upload
from app.datasets.uploads.tending import Tending

__all__ = ["Tending", "Upload", "Uploads"]
