"""Pure judgements of a snapshot, one file per topic: `check(snapshot)` yields findings.

They judge only on what is known. What could not be read is told once per node, by `sight`, and never counts as a loss.
Times in findings are absolute, so that the same trouble reads the same at every look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from commands.checks import (
    boot,
    fencing,
    floating_ips,
    leftovers,
    links,
    membership,
    nodes,
    proxies,
    quorum,
    resources,
    sight,
)
from commands.report import Finding
from commands.snapshot import Snapshot

Check = Callable[[Snapshot], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    membership.check,
    quorum.check,
    floating_ips.check,
    nodes.check,
    fencing.check,
    links.check,
    proxies.check,
    resources.check,
    leftovers.check,
    boot.check,
    sight.check,
)
"""All checks; among findings of one level, those of an earlier one are told first."""


def findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return everything there is to know about the cluster, worst first."""
    found = [finding for check in CHECKS for finding in check(snapshot)]
    return tuple(sorted(found, key=lambda finding: -finding.level.rank))
