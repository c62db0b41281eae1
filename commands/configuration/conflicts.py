"""What a running cluster's configuration holds that contradicts what is wanted, for people to decide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from commands.configuration.resources import PROXY, fence_devices, vips
from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
from commands.gates import away_rule, gate_rule, has_away_rule
from config.inventory import ClusterSpec, secret_of


def conflicts(cluster: ClusterSpec, cib: Cib) -> tuple[str, ...]:
    """Return what in the cluster's present configuration contradicts what is wanted, one sentence each.

    Only what is missing is ever added: what is there and different is for people to change.
    """
    there = {primitive.id: primitive for primitive in cib.primitives}
    found = [*_vip_conflicts(cluster, cib), *_gate_conflicts(cluster, cib), *_fence_conflicts(cluster, there)]
    proxy = there.get(PROXY)
    if proxy and (proxy.cls, proxy.type) != ("systemd", "haproxy"):
        found.append(f"a resource `{PROXY}` is there already, and it is not the haproxy service")
    return tuple(found)


_OUR_VIP = re.compile(r"vip[0-9]+")


def _vip_conflicts(cluster: ClusterSpec, cib: Cib) -> Iterator[str]:
    wanted = {vip.id: vip.spec for vip in vips(cluster)}
    gated = {gate.resource for gate in cib.gates}
    for primitive in cib.primitives:
        held = primitive.attributes
        spec = wanted.get(primitive.id)
        if spec is None:
            if held.get("ip") in {str(vip.address) for vip in cluster.vips}:
                yield f"the resource `{primitive.id}` has the address {held['ip']} already"
            elif primitive.type == "IPaddr2" and _OUR_VIP.fullmatch(primitive.id):
                yield f"the floating IP `{primitive.id}` ({held.get('ip', 'none')}) is there and not asked for"
            continue
        if held.get("ip") != str(spec.address):
            yield f"a resource `{primitive.id}` is there already, with the address {held.get('ip', 'none')}"
        elif held.get("cidr_netmask", str(spec.prefix)) != str(spec.prefix):
            yield f"`{primitive.id}` has the prefix /{held['cidr_netmask']}, not /{spec.prefix}"
        elif spec.nic and held.get("nic") != spec.nic:
            yield f"`{primitive.id}` is on the interface {held.get('nic', 'of its subnet')}, not {spec.nic}"
        if cluster.failover == "automatic" and primitive.id in gated:
            yield f"`{primitive.id}` has a gate, so its failover is approved, not automatic"


def _gate_conflicts(cluster: ClusterSpec, cib: Cib) -> Iterator[str]:
    """A gate elsewhere holds its floating IP on another node; a rule of its name that is none holds it nowhere."""
    if cluster.failover != "approved":
        return
    rules = {rule.id for location in cib.locations for rule in location.rules}
    for vip in vips(cluster):
        gates = [gate for gate in cib.gates if gate.resource == vip.id]
        for gate in gates:
            if gate.home != vip.home:
                yield f"the gate of `{vip.id}` keeps it on {gate.home}, and its home is to be {vip.home}"
        if gate_rule(vip.id) in rules and not gates:
            yield f"the rule `{gate_rule(vip.id)}` is no gate that keeps `{vip.id}` on {vip.home}"
        if away_rule(vip.id) in rules and not has_away_rule(cib, vip.id):
            yield f"the rule `{away_rule(vip.id)}` does not send `{vip.id}` away"


def _fence_conflicts(cluster: ClusterSpec, there: Mapping[str, Primitive]) -> Iterator[str]:
    for device, _, options in fence_devices(cluster):
        made = there.get(device)
        if made is None or cluster.fencing is None:
            continue
        if made.type != cluster.fencing.agent:
            yield f"the fence device `{device}` is a {made.type}, not a {cluster.fencing.agent}"
        for name, value in options.items():
            if secret_of(value) is None and made.attributes.get(name) not in {value, None}:
                yield f"the fence device `{device}` has another {name}"
