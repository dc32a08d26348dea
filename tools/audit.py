"""Ask pip-audit for known vulnerabilities of a lock file, and say plainly when nobody could be asked.

pip-audit ends without a fault where its service knows none of the packages, as behind a mirror: that is no answer, and
is told as none. Ends with 1 where a vulnerability is known, else with 0.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

SECONDS = 120
# Known, and without effect here: SECURITY.md says why.
ACCEPTED = ("CVE-2025-69872",)
UNKNOWN = "Nothing was audited: the advisory service cannot be reached from here."


@dataclass(frozen=True, slots=True)
class Report:
    """What is known: how many packages were asked for, which could not be, and a line a vulnerability."""

    asked: int
    unknown: tuple[str, ...]
    found: tuple[str, ...]


def read(answer: dict[str, Any]) -> Report:
    """Return what pip-audit's JSON says.

    Examples
    --------
    >>> read({"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}).found
    ('a 1: CVE-1, mended in 2',)
    >>> read({"dependencies": [{"name": "a", "skip_reason": "not found"}]}).unknown
    ('a',)
    """
    packages = answer["dependencies"]
    found = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no release'}"
        for one in packages
        for fault in one.get("vulns", ())
    ]
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    return Report(len(packages), tuple(unknown), tuple(found))


def ask(lock: str) -> Report | None:
    """Return what is known of a lock file's packages; None where nobody answers in time."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip", "--require-hashes"]
    command += [word for one in ACCEPTED for word in ("--ignore-vuln", one)]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        return read(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        return None


def tell(report: Report | None) -> tuple[list[str], int]:
    """Return what to print, and the exit status.

    Examples
    --------
    >>> tell(None)
    (['Nothing was audited: the advisory service cannot be reached from here.'], 0)
    """
    if report is None or len(report.unknown) == report.asked:
        return [UNKNOWN], 0
    unknown = [f"Not known to the service: {', '.join(report.unknown)}."] if report.unknown else []
    counted = f"{report.asked - len(report.unknown)} of {report.asked} packages audited."
    return [counted, *unknown, *report.found], 1 if report.found else 0


def main(lock: str) -> int:
    """Print what is known; return the exit status."""
    lines, status = tell(ask(lock))
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
