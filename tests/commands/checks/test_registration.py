"""Every file of the folder that checks something is in `CHECKS`, and findings come worst first."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from commands import checks
from commands.snapshot import Snapshot


def test_every_check_is_registered_once() -> None:
    modules = [
        importlib.import_module(f"commands.checks.{found.name}") for found in pkgutil.iter_modules(checks.__path__)
    ]
    there = [module.check for module in modules if hasattr(module, "check")]
    assert len(there) > 5
    assert sorted(check.__module__ for check in checks.CHECKS) == sorted(check.__module__ for check in there)


def test_findings_come_worst_first(situation: Callable[..., Snapshot]) -> None:
    found = checks.findings(situation("n2-lost-unclean"))
    ranks = [finding.level.rank for finding in found]
    assert len(set(ranks)) > 1
    assert ranks == sorted(ranks, reverse=True)
