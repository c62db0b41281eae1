"""What all tests share: which kinds this machine can run, and that nothing is left out where nothing may be."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.lab import long


def _needs(*programs: str) -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux"
    absent = [program for program in programs if shutil.which(program) is None]
    return f"needs {', '.join(absent)}" if absent else ""


def _missing(kind: str) -> str:
    """Return why this machine cannot run tests of the kind; nothing if it can."""
    if kind == "lab":
        return _needs("debootstrap", "systemd-nspawn", "ip")
    if kind == "image":
        return _needs("buildah", "debootstrap")
    if kind == "browser":
        return "" if shutil.which("chromium") else "needs chromium"
    return ""


KINDS = ("lab", "image", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for kind in KINDS:
        why = _missing(kind)
        for item in items:
            if why and item.get_closest_marker(kind):
                item.add_marker(pytest.mark.skip(reason=why))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if long.not_run():
        terminalreporter.write_line(long.not_run())
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.write_line(f"LEFT OUT: {len(skipped)} tests this machine cannot run; the reasons are above.")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("NOTHING_SKIPPED") and reporter and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = 1
