"""The recipe as steps, from packages to answering floating IPs. Pure: a request and a snapshot in, steps out.

Every step has the fact that proves it, and where the fact holds already it is left out, node by node. Steps wait only
for what they need (`after`), so the configuration is drafted while the nodes learn to trust each other and start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from commands.facts.fact import Fact
from commands.plan import Proof, Step
from commands.snapshot import Snapshot
from commands.verbs.serving import serving_step
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.cluster import create, enable, seed, start
from commands.verbs.setup.steps.proxy import is_given, proxy
from commands.verbs.setup.steps.resources import configure, draft, fence_scripts
from commands.verbs.setup.steps.servers import answering_ports, firewall, install, sysctl
from commands.verbs.setup.steps.trust import auth, leftovers, password, pcsd, trust_steps, trusted

__all__ = ["RECIPE", "is_given", "ports_to_ask", "steps", "trust_steps"]

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


_BEFORE_IT_SERVES = ("configure", "start", "firewall", "haproxy")
"""Steps that what is asked at last depends on; in a setup from the beginning the first waits for all others."""


def steps(request: SetupRequest, snapshot: Snapshot) -> tuple[Step, ...]:
    """Return what is left to do, in order. Empty when the cluster already is what was asked for, ports included."""
    found = [part(request, snapshot) for part in RECIPE]
    left = tuple(step for step in found if step is not None)
    if not request.cluster.vips:
        return left
    serving = serving_step(request.cluster, answering_ports(request, snapshot), _BEFORE_IT_SERVES)
    return left if not left and _is_shown(serving, snapshot) else (*left, serving)


def ports_to_ask(request: SetupRequest, snapshot: Snapshot) -> Mapping[str, Fact[Any]]:
    """Return how to ask the floating IPs' ports, where that is all that is left to know: a setup may have ended before."""
    match steps(request, snapshot):
        case (Step(proof=Proof() as proof),) if proof.facts and not proof.missing(snapshot):
            return proof.facts
    return {}


def _is_shown(step: Step, snapshot: Snapshot) -> bool:
    """Return whether what proves the step was looked at, all of it, and holds."""
    proof = step.proof
    asked = proof and not any(node.unknown(*proof.reads, *proof.facts) for node in snapshot.nodes)
    return bool(proof and asked and not proof.missing(snapshot))
