"""Compiled code is kept where a folder can be written to, and does without where none can."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from app.pipeline import compiled
from app.pipeline.compiled import read_only

SOURCE = """
import numpy as np
from compiled_here import compiled, read_only

@compiled
def doubled(values):
    return values * 2

print(doubled(read_only(np.arange(3))), len(doubled.stats.cache_hits))
"""


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the script in a process of its own, as a user whose home cannot be written to."""
    shutil.copy(compiled.__file__, tmp_path / "compiled_here.py")
    (tmp_path / "script.py").write_text(SOURCE)

    def run():
        # A file stands where the user's folders would be: not even root can make them.
        home = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(tmp_path / "script.py")]
        return subprocess.run(command, env=home, capture_output=True, text=True, check=True).stdout.split("\n")[0]

    return run


def test_a_second_process_does_not_compile_again(run, tmp_path):
    assert run() == "[0 2 4] 0"
    assert list((tmp_path / "__pycache__").glob("script.doubled*.nbc"))
    assert run() == "[0 2 4] 1"


def test_without_a_folder_it_is_compiled_in_each_process(run, tmp_path):
    (tmp_path / "__pycache__").touch()
    assert run() == run() == "[0 2 4] 0"


def test_files_that_cannot_be_read_or_written_cost_time_only(run, tmp_path):
    run()
    (kept,) = (tmp_path / "__pycache__").glob("script.doubled*.nbc")
    kept.write_bytes(b"")
    assert run() == "[0 2 4] 0"
    kept.unlink()
    kept.mkdir()  # can be neither read nor replaced
    assert run() == "[0 2 4] 0"


def test_read_only_copies_only_what_it_must():
    values = np.arange(12.0).reshape(3, 4)
    assert np.shares_memory(read_only(values), values)
    assert values.flags.writeable
    turned = read_only(values.T)
    assert turned.flags.c_contiguous
    assert not turned.flags.writeable
