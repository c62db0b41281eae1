"""A cluster that exists as one would declare it: what its corosync.conf and its CIB tell. Pure.

Fencing is read into agent and options only where `setup` would make the very same devices of them, to the last option.
Devices of any other make are named as kept: their options may hold secrets, and those stay in the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from pydantic import ValidationError

from commands import configuration
from commands.checks import fencing
from commands.facts.cib import Cib
from commands.facts.cib_resources import Primitive
from commands.facts.corosync_conf import CorosyncConf
from commands.report import Finding, Level
from config.inventory import ClusterSpec, FencingSpec, is_address, secret_of


def spec_of(conf: CorosyncConf, cib: Cib) -> ClusterSpec:
    """Return the cluster as declared. Raises ValidationError for one that cannot be."""
    found = (_vip(primitive.attributes) for primitive in cib.primitives if primitive.type in {"IPaddr2", "IPaddr"})
    spec = ClusterSpec.model_validate(
        {
            "name": conf.cluster_name,
            "nodes": [{"name": n.name, "addresses": n.addresses} for n in conf.nodes],
            "vips": [vip for vip in found if vip],
            "failover": "approved" if cib.gates else "automatic",
        }
    )
    return spec.model_copy(update={"fencing": fencing_of(spec, cib)})


def _vip(attributes: Mapping[str, str]) -> Mapping[str, object] | None:
    if "ip" not in attributes:
        return None
    prefix = attributes.get("cidr_netmask", "")
    address = attributes["ip"]
    longest = ip_address(address).max_prefixlen if is_address(address) else 32
    return {"address": address, "prefix": int(prefix) if prefix.isdecimal() else longest, "nic": attributes.get("nic")}


def _devices(cib: Cib) -> tuple[Primitive, ...]:
    return tuple(primitive for primitive in cib.primitives if primitive.cls == "stonith")


def fencing_of(cluster: ClusterSpec, cib: Cib) -> FencingSpec | None:
    """Return how the cluster is fenced now; None where it is not, or where that can be declared in no way."""
    devices = _devices(cib) if fencing.is_on(cib) else ()
    if not devices:
        return None
    return _remade(cluster, devices) or _kept(devices)


def fenced_as_known(known: ClusterSpec, cib: Cib) -> bool:
    """Return whether the devices that are known of a cluster are those that it has, secrets by reference included."""
    there = {device.id for device in _devices(cib)} if fencing.is_on(cib) else set()
    if known.fencing is None:
        return not there or fencing_of(known, cib) is None
    return {*known.fencing.kept, *(device for device, _, _ in configuration.fence_devices(known))} <= there


def _remade(cluster: ClusterSpec, devices: tuple[Primitive, ...]) -> FencingSpec | None:
    """Return the declaration of which `setup` would make exactly these devices, if there is one."""
    there = {device.id: dict(device.attributes) for device in devices}
    options = [{k: v for k, v in each.items() if k != "pcmk_host_list"} for each in there.values()]
    shared = dict(set.intersection(*(set(each.items()) for each in options)))
    if any(secret_of(value) is not None for each in options for value in each.values()):
        return None  # it would be taken for a reference
    own = {
        node.name: {k: v for k, v in there[f"fence-{node.name}"].items() if k not in {"pcmk_host_list", *shared}}
        for node in cluster.nodes
        if f"fence-{node.name}" in there
    }
    try:
        declared = FencingSpec(agent=devices[0].type, options=shared, per_node=own)
    except ValidationError:
        return None
    made = configuration.fence_devices(cluster.model_copy(update={"fencing": declared}))
    remade = {device: {**with_, "pcmk_host_list": ",".join(targets)} for device, targets, with_ in made}
    plain = all(device.type == declared.agent and not (device.clone or device.group) for device in devices)
    return declared if plain and remade == there else None


def _kept(devices: tuple[Primitive, ...]) -> FencingSpec | None:
    try:
        return FencingSpec(agent=devices[0].type, kept=tuple(device.id for device in devices))
    except ValidationError:
        return None  # agents from before fence-agents, as external/ipmi


def fencing_words(cib: Cib) -> str:
    """Name the fence devices and their agents, never their options."""
    devices = ", ".join(f"{device.id} ({device.type})" for device in _devices(cib)) or "no device"
    return f"fencing {'on' if fencing.is_on(cib) else 'off'}, {devices}"


def left_out(cluster: ClusterSpec, cib: Cib) -> Iterator[Finding]:
    """Yield what of the cluster's fencing is not remembered as it is, and what that means for a later `setup`."""
    named = ", ".join(f"`{device.id}`" for device in _devices(cib))
    if cluster.fencing and cluster.fencing.kept:
        yield Finding(
            Level.INFO,
            f"the fence devices {named} are kept as they are: `setup` neither changes nor replaces them, and their "
            "options, passwords included, are known to the cluster alone",
        )
    elif named and not fencing.is_on(cib):
        yield Finding(
            Level.WARNING,
            f"there are fence devices ({named}), but fencing is switched off: it is remembered as not fenced",
            "Switch it on with `pcs property set stonith-enabled=true`, then adopt the cluster again.",
        )
    elif named and cluster.fencing is None:
        yield Finding(
            Level.WARNING,
            f"its fence devices ({named}) are of a kind that cannot be declared: `setup` of this cluster will refuse, "
            "rather than switch them off",
            "Replace them by devices with one of today's agents (`pcs stonith list`), then adopt it again.",
        )
    elif not named and fencing.is_on(cib):
        yield Finding(
            Level.WARNING,
            "fencing is on, but there is no fence device: it is remembered as not fenced, and `setup` would switch "
            "fencing off",
        )
    if cluster.vips and not cluster.cuts_power and cluster.failover == "automatic":
        yield Finding(
            Level.WARNING,
            "neither power fencing nor gates: when the network between the nodes is cut, each side takes all floating IPs; "
            "`setup` of it takes `--accept-split-brain`",
        )
