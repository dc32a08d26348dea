"""Freed memory, in a process of its own: kept while it is in use, and given back at rest."""

import subprocess
import sys

import pytest

PAGES = 40 * 2**20 // 4096
SCRIPT = f"""
import resource, time
import numpy as np
from app import heap

def used():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1])

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def fill():
    arrays = [np.ones(20 * 2**20, np.uint8) for _ in range(2)]  # each below what the C library maps by itself
    return len(arrays)

assert heap.keep()
fill()
before = faults()
fill()
again = faults() - before
kept = used()
rest = heap.Rest(0.05)
rest.stir()
for _ in range(200):
    time.sleep(0.02)
    if kept - used() > {PAGES} * 0.9:
        break
print(again, kept - used())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's settings")
def test_memory_is_used_again_and_given_back_at_rest() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    again, back = map(int, done.stdout.split())
    assert again < PAGES / 10
    assert back > PAGES * 0.9
