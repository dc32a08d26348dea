"""The audit: what is known is told, and an answer of nobody is no clean bill."""

from pathlib import Path

import pytest

from tools.audit import ACCEPTED, UNKNOWN, read, tell

SOUND = {"name": "sound", "version": "1", "vulns": []}
FAULTY = {"name": "faulty", "version": "2", "vulns": [{"id": "CVE-2000-1", "fix_versions": []}]}
STRANGE = {"name": "strange", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SOUND], 0, ["1 of 1 packages audited."]),
        ([SOUND, FAULTY], 1, ["2 of 2 packages audited.", "faulty 2: CVE-2000-1, mended in no release"]),
        ([SOUND, STRANGE], 0, ["1 of 2 packages audited.", "Not known to the service: strange."]),
        ([STRANGE, STRANGE], 0, [UNKNOWN]),
    ],
)
def test_what_is_known_is_told(packages, status, said):
    assert tell(read({"dependencies": packages})) == (said, status)


def test_nobody_to_ask_is_told():
    assert tell(None) == ([UNKNOWN], 0)


def test_what_is_accepted_is_explained():
    text = (Path(__file__).parents[2] / "SECURITY.md").read_text()
    assert all(one in text for one in ACCEPTED)
