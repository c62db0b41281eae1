"""Pacemaker's configuration as it lies on disk: readable while the cluster is stopped, and proof that it once ran.

The path is that of every distribution (`pacemakerd --features`, CIB directory); pacemaker-based(7) rewrites the file
at each change. A seed put there before the first start is read like any other.
"""

from __future__ import annotations

from commands.command import Command, Completed
from commands.facts import cib
from commands.facts.fact import Fact, NotRunning, spoken

PATH = "/var/lib/pacemaker/cib/cib.xml"


def parse(done: Completed) -> cib.Cib | NotRunning:
    """Read the file. Raises `UnreadableOutput`."""
    if done.status == 1 and "No such file" in spoken(done):
        return NotRunning("there is no configuration on disk")
    return cib.parse(done)


FACT: Fact[cib.Cib | NotRunning] = Fact(Command(("cat", PATH), legal=frozenset({0, 1})), parse)
