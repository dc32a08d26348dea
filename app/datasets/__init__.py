"""What can be explored: embedded data sets, declared ones, and files of the user's own."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
"""The embedded Parquet files, and the NOTICE of their sources and licences."""
