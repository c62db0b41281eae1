"""What a cluster's configuration lacks: each thing in people's words, with what brings it about. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element

from commands.configuration import elements
from commands.configuration.resources import CLONE, PROXY, Vip, fence_devices, vips
from commands.facts.cib import Cib
from commands.gates import has_away_rule
from config.inventory import ClusterSpec, secret_of

SEED_DEADTIME = "1s"
"""How long the first election of a DC waits, in a cluster that `draft.seed_command` began."""
SEED_DEADTIMES = frozenset({SEED_DEADTIME, "2s"})
"""What is still there when a setup has not ended: `2s` is that of earlier versions."""


Section = Literal["rsc_defaults", "resources", "constraints"]


@dataclass(frozen=True, slots=True)
class Lack:
    """A thing that is not there yet, and what brings it about: tools, or else an element of a section."""

    words: str
    tools: tuple[tuple[str, ...], ...] = ()
    """What tools are to do to the drafted configuration, without what tells them where it is."""
    element: Element | None = None
    section: Section = "constraints"


def missing(cluster: ClusterSpec, cib: Cib) -> tuple[str, ...]:
    """Return what the cluster's configuration lacks, in people's words; empty when all is there."""
    return tuple(lack.words for lack in lacks(cluster, cib))


def lacks(cluster: ClusterSpec, cib: Cib | None, secret_files: Mapping[str, str] | None = None) -> Iterator[Lack]:
    """Yield what is not there yet. None for the configuration means a cluster that is about to be started."""
    yield from _properties(cluster, cib)
    yield from no_stickiness(cib)
    yield from _fencing(cluster, cib, secret_files or {})
    if cluster.vips:
        yield from _proxy(cib)
        yield from _vips(cluster, cib)


def no_stickiness(cib: Cib | None) -> Iterator[Lack]:
    """Yield that nothing holds what runs where it is."""
    if not cib or "resource-stickiness" not in cib.resource_defaults:
        yield Lack("no stickiness is set", element=elements.stickiness(), section="rsc_defaults")


_PROPERTY = ("crm_attribute", "--type", "crm_config", "--name")


def _properties(cluster: ClusterSpec, cib: Cib | None) -> Iterator[Lack]:
    properties = cib.properties if cib else {"dc-deadtime": SEED_DEADTIME}
    fencing = "true" if cluster.fencing else "false"
    if properties.get("dc-deadtime") in SEED_DEADTIMES:
        yield Lack("the short first election is still set", ((*_PROPERTY, "dc-deadtime", "--delete"),))
    if properties.get("stonith-enabled") != fencing:
        yield Lack(f"stonith-enabled is not {fencing}", ((*_PROPERTY, "stonith-enabled", "--update", fencing),))


def _fencing(cluster: ClusterSpec, cib: Cib | None, secret_files: Mapping[str, str]) -> Iterator[Lack]:
    """Fence devices are made by pcs: it holds their options against what the agent says it takes."""
    if cluster.fencing is None:
        return
    there = {primitive.id for primitive in cib.primitives} if cib else set()
    for device, targets, options in fence_devices(cluster):
        if device in there:
            continue
        words = [_fence_option(name, value, secret_files) for name, value in options.items()]
        create = ("stonith", "create", device, cluster.fencing.agent, *words, f"pcmk_host_list={','.join(targets)}")
        yield Lack(f"the fence device `{device}` is missing", (("pcs", *create),))


def _fence_option(name: str, value: str, secret_files: Mapping[str, str]) -> str:
    secret = secret_of(value)
    if secret is None:
        return f"{name}={value}"
    # fence agents take a script that prints the password, so that it is in no argv and not in the CIB
    script = {"password": "password_script", "passwd": "passwd_script"}.get(name, f"{name}_script")
    return f"{script}={secret_files[secret]}"


def _proxy(cib: Cib | None) -> Iterator[Lack]:
    if cib is None or not any(primitive.id == PROXY for primitive in cib.primitives):
        yield Lack("HAProxy is not a resource yet", element=elements.proxy_clone(), section="resources")
    elif not any(clone.id == CLONE for clone in cib.clones):
        # pcs puts what is there into a clone; every generation has its own way of giving that its options at once
        clone, interleave = ("resource", "clone", PROXY), ("resource", "meta", CLONE, "interleave=true")
        yield Lack("HAProxy does not run on every node yet", (("pcs", *clone), ("pcs", *interleave)))


def _vips(cluster: ClusterSpec, cib: Cib | None) -> Iterator[Lack]:
    primitives = {primitive.id for primitive in cib.primitives} if cib else set()
    orders = {(order.first, order.then) for order in cib.orders} if cib else set()
    colocations = {(c.resource, c.with_resource) for c in cib.colocations} if cib else set()
    placed = vips(cluster)
    for number, vip in enumerate(placed):
        if vip.id not in primitives:
            words = f"`{vip.id}` ({vip.spec}) is not a resource yet"
            yield Lack(words, element=elements.floating_ip(vip), section="resources")
        if (CLONE, vip.id) not in orders:
            yield Lack(f"`{vip.id}` does not wait for HAProxy", element=elements.after_proxy(vip))
        if (vip.id, CLONE) not in colocations:
            words = f"`{vip.id}` is not bound to a node where HAProxy runs"
            yield Lack(words, element=elements.with_proxy(vip))
        if cluster.failover == "approved":
            yield from _gate(vip, cib)
            continue
        for other in placed[:number]:
            if (vip.id, other.id) not in colocations:
                words = f"`{vip.id}` and `{other.id}` are not kept apart"
                yield Lack(words, element=elements.apart(vip.id, other.id))


def _gate(vip: Vip, cib: Cib | None) -> Iterator[Lack]:
    if cib is None or not any((gate.resource, gate.home) == (vip.id, vip.home) for gate in cib.gates):
        yield Lack(f"`{vip.id}` has no gate at its home {vip.home}", element=elements.gate(vip.id, vip.home))
    if cib is None or not has_away_rule(cib, vip.id):
        yield Lack(f"`{vip.id}` cannot be sent away from its home", element=elements.away(vip.id))
