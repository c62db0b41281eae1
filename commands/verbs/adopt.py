"""`adopt`: a cluster that exists is made known to the bot, from one of its nodes. Nothing on it is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

from pydantic import ValidationError

from commands.errors import UsageError
from commands.facts.cib import Cib
from commands.facts.corosync_conf import CorosyncConf
from commands.facts.fact import Known
from commands.plan import Decision, NothingToDo, Plan, Refusal
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.adopted import fenced_as_known, fencing_words, left_out, spec_of
from commands.verbs.setup.request import sentences
from commands.verbs.verb import Change, Declared, Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec, NodeSpec
from config.policy import Role

UNKNOWN = "adopting"
"""The name of the one-node cluster that stands for the one not read yet."""


@dataclass(frozen=True, slots=True)
class AdoptRequest:
    """Read the cluster from the node at this address."""

    cluster: ClusterSpec
    known: tuple[Declared, ...] = ()


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
    return AdoptRequest(ClusterSpec(name=UNKNOWN, nodes=(node,)), tuple(desk.clusters.values()))


def decide(request: AdoptRequest, snapshot: Snapshot) -> Decision:
    """Return the cluster that the node's own configuration tells of, to be remembered."""
    decision = _decided(request, snapshot)
    address = str(snapshot.nodes[0].node.address)
    return replace(decision, about=address) if isinstance(decision, Refusal) else decision


def _decided(request: AdoptRequest, snapshot: Snapshot) -> Decision:
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
        spec = spec_of(conf, cib)
    except ValidationError as error:
        return _refusal(f"its configuration is not one the bot can work with: {'; '.join(sentences(error))}", "")
    for known in request.known:
        if known.spec.name == spec.name:
            return _again(known, spec, cib)
    facts = (
        "nodes " + ", ".join(f"{n.name} ({', '.join(map(str, n.addresses))})" for n in spec.nodes),
        f"floating IPs {', '.join(map(str, spec.vips)) or 'none'}",
        fencing_words(cib),
        f"failover {spec.failover}",
    )
    summary = f"Remember `{spec.name}`: {'; '.join(facts)}. Nothing on it is changed."
    return _remember(spec, summary, facts, cib)


def _again(known: Declared, spec: ClusterSpec, cib: Cib) -> Decision:
    """Return what is to be remembered anew of a cluster that is known: how it is fenced."""
    if known.spec.nodes != spec.nodes:
        return _refusal(f"another cluster called `{spec.name}` is known already", "`/hacluster clusters` lists them.")
    if fenced_as_known(known.spec, cib):
        return NothingToDo("adopt", f"`{spec.name}` is known already.")
    if known.source == "file":
        return _refusal(
            f"`{spec.name}` is declared in the bot's configuration file, and fenced differently than that says: "
            f"{fencing_words(cib)}",
            'Write its fencing there as it is: "none", or its agent and, as `kept`, the ids of the devices.',
        )
    fencing = fencing_words(cib)
    summary = f"Remember of `{spec.name}`, which is known already: {fencing}. Nothing on it is changed."
    return _remember(known.spec.model_copy(update={"fencing": spec.fencing}), summary, (fencing,), cib)


def _remember(spec: ClusterSpec, summary: str, facts: tuple[str, ...], cib: Cib) -> Plan:
    # there is nothing to run, so what is confirmed are the facts themselves, down to each option that is remembered
    fencing = (spec.fencing.model_dump_json(exclude_defaults=True),) if spec.fencing else ()
    return Plan("adopt", spec, summary, (), tuple(left_out(spec, cib)), (*facts, *fencing), declares=spec)


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
