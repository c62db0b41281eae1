"""The recipe as steps, from packages to answering floating IPs. Pure: a request and a snapshot in, steps out.

Every step has the fact that proves it, and where the fact holds already it is left out, node by node. Steps wait only
for what they need (`after`), so the configuration is drafted while the nodes learn to trust each other and start.
"""

from __future__ import annotations

from collections.abc import Callable

from commands.plan import Step
from commands.snapshot import Snapshot
from commands.verbs.serving import holders, serving_step
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.cluster import create, enable, seed, start
from commands.verbs.setup.steps.proxy import is_given, proxy
from commands.verbs.setup.steps.resources import configure, draft, fence_scripts
from commands.verbs.setup.steps.servers import answering_ports, firewall, install, sysctl
from commands.verbs.setup.steps.trust import auth, leftovers, password, pcsd, trust_steps, trusted

__all__ = ["RECIPE", "is_given", "steps", "trust_steps"]

RECIPE: tuple[Callable[[SetupRequest, Snapshot], Step | None], ...] = (
    install,
    firewall,
    sysctl,
    leftovers,
    pcsd,
    password,
    auth,
    create,
    seed,
    start,
    trusted,
    proxy,
    enable,
    fence_scripts,
    draft,
    configure,
)
"""The recipe, in the order in which it is shown."""


def steps(request: SetupRequest, snapshot: Snapshot) -> tuple[Step, ...]:
    """Return what is left to do, in order. Empty when the cluster already is what was asked for."""
    found = [part(request, snapshot) for part in RECIPE]
    left = tuple(step for step in found if step is not None)
    homeless = [vip for vip in request.cluster.vips if len(holders(snapshot, str(vip.address))) != 1]
    if not request.cluster.vips or not (left or homeless):
        return left
    return (*left, serving_step(request.cluster, answering_ports(request, snapshot), ("configure", "start")))
