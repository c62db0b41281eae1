"""What the cluster is for: floating IPs by the nodes' own word, HAProxy, and the servers behind it."""

from __future__ import annotations

from collections.abc import Mapping

from commands.checks.floating_ips import FloatingIp, floating_ips
from commands.checks.proxies import SERVICE
from commands.condition.look import Look
from commands.condition.record import State, Topic
from commands.condition.testimony import Told, testimony
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus
from commands.facts.haproxy_stat import ProxyStatus
from commands.gates import gate_state

_DEAF = ("nobody listens", "there is no socket")
"""How it is said that HAProxy does not answer; other reasons say that it cannot be asked, whether it runs or not."""


def vips(look: Look) -> Told:
    """Tell who holds each floating IP. One that is configured nowhere yet is nobody's loss."""
    states: dict[str, State | None] = {}
    for ip in floating_ips(look.snapshot):
        name = _name(look, ip)
        if name and not ip.declared_only:
            states[name] = _vip(look, ip, name)
    return states


def _name(look: Look, ip: FloatingIp) -> str:
    """Return the resource's id; while no configuration can be read, as it was known last, or "" where it never was."""
    if ip.declared_only is not None or look.before is None:
        return ip.id if ip.declared_only is not None else ""
    return next((name for name, state in look.before.of(Topic.VIP).items() if state.detail == str(ip.spec.address)), "")


def _vip(look: Look, ip: FloatingIp, name: str) -> State | None:
    word: str = ip.state
    if word == "unknown" or (word == "nowhere" and ip.declared_only is None and not look.idle):
        return None  # where it is, or whether it is to be anywhere, could not be read
    if word == "nowhere" and ip.silent and not any(status.quorate for status in look.pacemakers.values()):
        return None  # those who could be asked are cut off: what the silent ones hold they cannot know
    was = look.was(Topic.VIP, name)
    passing = word == "doubled" or (word == "nowhere" and _moving(look, name))
    if passing and was is not None and was.known and was.word == "served":
        return None  # nodes are not asked at the very same moment, and it may just be moving: one more look
    if word == "nowhere" and ip.switched_off:
        word = "off"
    last = () if was is None else was.nodes or was.concerns
    asked = {node.node.name for node, _ in look.snapshot.known("addresses")}
    home = (ip.gate.home,) if ip.gate else ()
    remedy = f"start {look.snapshot.cluster.name}" if word == "nowhere" and look.idle else ""
    if word == "waiting":
        remedy = f"failover {name} --to {ip.candidates[0]} {look.snapshot.cluster.name}"
    return State(
        word,
        nodes=ip.nodes,
        witnesses=ip.nodes or tuple(sorted({*asked, *look.pacemakers})),
        detail=str(ip.spec.address),
        concerns=() if ip.nodes else tuple(sorted({*home, *ip.frozen, *last})),
        remedy=remedy,
        said=_said_of(look, ip, name),
    )


def _moving(look: Look, name: str) -> bool:
    """Return whether Pacemaker is just starting or stopping the resource."""
    instances = (one for status in look.pacemakers.values() for one in status.instances(name))
    return any(not {one.pending, one.role}.isdisjoint({"Starting", "Stopping", "Migrating"}) for one in instances)


def _said_of(look: Look, ip: FloatingIp, name: str) -> tuple[tuple[str, str], ...]:
    address = str(ip.spec.address)
    words = {
        f"{node.node.name} addresses": held.holds(address) or "-" for node, held in look.snapshot.known("addresses")
    }
    words |= {f"{who} status": _belief(status, name) for who, status in look.pacemakers.items()}
    words |= {f"{who} cib": _gate(cib, name) for who, cib in look.cibs.items()}
    return testimony(words)


def _belief(status: ClusterStatus, name: str) -> str:
    """Put all that a view says about where a resource is, and where it could be, into a few words."""
    fit = [
        node.name
        for node in status.nodes
        if node.online and not (node.standby or node.maintenance or node.pending or node.unclean or node.shutdown)
    ]
    shown = sorted({node for one in status.instances(name) if one.active for node in one.nodes})
    return f"runs on {' '.join(status.holders(name))}, shown on {' '.join(shown)}, could on {' '.join(sorted(fit))}"


def _gate(cib: Cib, name: str) -> str:
    gate = gate_state(cib, name)
    primitive = cib.primitive(name)
    role = primitive.meta.get("target-role", "") if primitive else "not configured"
    held = " ".join(f"{node}={value}" for node, value in sorted(gate.attributes.items())) if gate else ""
    return f"{role} {gate.home if gate else 'no gate'} {held}".strip()


def proxies(look: Look, resources: Mapping[str, State], nodes: Mapping[str, State]) -> Told:
    """Tell where HAProxy answers, of the nodes where it is to."""
    services = {one.id for status in look.pacemakers.values() for one in status.resources if one.agent == SERVICE}
    states: dict[str, State] = {}
    for node, answer in look.snapshot.known("haproxy"):
        name = node.node.name
        if isinstance(answer, ProxyStatus):
            word, detail = "up", ""
        elif answer.why.startswith(_DEAF) and nodes.get(name, State("")).word in {"online", "maintenance"}:
            instances = [resources[one] for one in (f"{service}@{name}" for service in services) if one in resources]
            managed = any(one.word != "off" for one in instances)
            # where Pacemaker does not run it, only its having been there says that it should be
            if not (managed or (not services and look.said_before(Topic.PROXY, name))):
                continue
            word, detail = "down", answer.why
        else:
            continue
        states[name] = State(word, witnesses=(name,), detail=detail, said=testimony({f"{name} haproxy": word}))
    return states


def servers(look: Look) -> Told:
    """Tell the state of each server behind HAProxy, as each node's HAProxy sees it."""
    states: dict[str, State] = {}
    for node, answer in look.snapshot.running("haproxy"):
        for server in answer.servers:
            word, name = _server_word(server.status), node.node.name
            states[f"{name}/{server.proxy}/{server.name}"] = State(
                word,
                witnesses=(name,),
                detail=server.check if word == "down" else "",
                said=testimony({f"{name} haproxy": word}),
            )
    return states


def _server_word(status: str) -> str:
    """Return HAProxy's word without its counter of checks (`DOWN 1/2`); draining is as deliberate as maintenance."""
    if status.startswith("DOWN"):
        return "down"
    return "maint" if status.startswith(("MAINT", "DRAIN")) else "up"
