"""`adopt`: a cluster that exists is made known to the bot, from one of its nodes. Nothing on it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from pydantic import ValidationError

from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.corosync_conf import CorosyncConf
from commands.facts.fact import Known
from commands.plan import Decision, NothingToDo, Plan, Refusal
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.setup.request import sentences
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec, NodeSpec
from config.policy import Role

UNKNOWN = "adopting"
"""The name of the one-node cluster that stands for the one not read yet."""


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """Read the cluster from the node at this address."""

    cluster: ClusterSpec
    known: tuple[ClusterSpec, ...] = ()


def parse(words: Words, desk: Desk) -> AdoptRequest:
    """Read `ADDRESS`. Raises `UsageError`."""
    if len(words.positional) != 1:
        raise UsageError("give the address of one of its nodes", remedy="For example: `/hacluster adopt 10.0.0.1`")
    text = words.positional[0].rpartition("=")[2]
    try:
        node = NodeSpec(name="node", addresses=(ip_address(text),))
    except ValidationError as error:
        raise UsageError("; ".join(sentences(error)), remedy="For example: `/hacluster adopt 10.0.0.1`") from None
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is not an address", remedy="For example: `/hacluster adopt 10.0.0.1`"
        ) from None
    return AdoptRequest(
        ClusterSpec(name=UNKNOWN, nodes=(node,)), tuple(declared.spec for declared in desk.clusters.values())
    )


def decide(request: AdoptRequest, snapshot: Snapshot) -> Decision:  # noqa: PLR0911 - one way out per reason
    """Return the cluster that the node's own configuration tells of, to be remembered."""
    (node,) = snapshot.nodes
    if not isinstance(node.conf, Known):
        error = node.conf.error
        return _refusal(node.conf.why, (error.remedy if error else "") or "Check the address, sshd and the bot's key.")
    if not isinstance(node.conf.value, CorosyncConf):
        return _refusal("there is no cluster on that node", "Use `setup` to make one.")
    if not isinstance(node.cib, Known) or not isinstance(node.cib.value, Cib):
        return _refusal("the cluster does not run there", "Start it, or give the address of a node where it runs.")
    conf, cib = node.conf.value, node.cib.value
    try:
        spec = ClusterSpec.model_validate(
            {
                "name": conf.cluster_name,
                "nodes": [{"name": n.name, "addresses": n.addresses} for n in conf.nodes],
                "vips": [
                    vip
                    for primitive in cib.primitives
                    if primitive.type in {"IPaddr2", "IPaddr"} and (vip := _vip(primitive.attributes))
                ],
                "failover": "approved" if cib.gates else "automatic",
            }
        )
    except ValidationError as error:
        return _refusal(f"its configuration is not one the bot can work with: {'; '.join(sentences(error))}", "")
    for known in request.known:
        if known.name == spec.name:
            if known.nodes == spec.nodes:
                return NothingToDo("adopt", f"`{spec.name}` is known already.")
            return _refusal(
                f"another cluster called `{spec.name}` is known already", "`/hacluster clusters` lists them."
            )
    facts = (
        "nodes " + ", ".join(f"{n.name} ({', '.join(map(str, n.addresses))})" for n in spec.nodes),
        f"floating IPs {', '.join(map(str, spec.vips)) or 'none'}",
        f"failover {spec.failover}",
    )
    # there is nothing to run, so what is confirmed are the facts themselves
    summary = f"Remember `{spec.name}`: {'; '.join(facts)}. Nothing on it is changed."
    return Plan("adopt", spec, summary, (), guards=facts, declares=spec)


def _vip(attributes: object) -> dict[str, object] | None:
    values = dict(attributes) if isinstance(attributes, dict) else {}
    if "ip" not in values:
        return None
    prefix = values.get("cidr_netmask", "")
    address = values["ip"]
    longest = ip_address(address).max_prefixlen if _is_address(address) else 32
    return {"address": address, "prefix": int(prefix) if prefix.isdecimal() else longest, "nic": values.get("nic")}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refusal(text: str, remedy: str) -> Refusal:
    return Refusal("adopt", (Finding(Level.CRITICAL, text.removeprefix("node: "), remedy),))


VERB = Verb(
    name="adopt",
    summary="Make a cluster that exists known to the bot, from one of its nodes",
    usage="adopt ADDRESS",
    role=Role.ADMIN,
    example="adopt 10.0.0.1",
    parse=parse,
    change=Change(("cib", "conf"), decide),
)
