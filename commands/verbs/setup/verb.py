"""The `setup` verb: from a request and a snapshot to a plan, a refusal, or "it is so already"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from commands.facts import fence_agents
from commands.facts.corosync_conf import CorosyncConf
from commands.facts.fact import Fact
from commands.plan import Decision, NothingToDo, Plan, Refusal, Step
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.setup import agents, proxies
from commands.verbs.setup.form import FORM, from_form
from commands.verbs.setup.preflight import READS, leftover, refusals
from commands.verbs.setup.request import EXAMPLE, OPTIONS, USAGE, SetupRequest, parse
from commands.verbs.setup.steps import is_given, ports_to_ask, steps
from commands.verbs.setup.steps.servers import answering_ports, bare
from commands.verbs.verb import Change, Verb
from config.inventory import ClusterSpec
from config.policy import Role


def decide(request: SetupRequest, snapshot: Snapshot) -> Decision:
    """Return every reason not to, or the steps that are left, or that nothing is left."""
    cluster = request.cluster
    reasons = refusals(request, snapshot)
    if reasons:
        return Refusal("setup", reasons)
    left = steps(request, snapshot)
    remembered = request.known is not None and _same(request.known, cluster)
    unasked = tuple(proxies.unasked(cluster, answering_ports(request, snapshot)))
    if not left and remembered:
        already = f"`{cluster.name}` is set up already: nothing to do, nothing was changed."
        return NothingToDo("setup", already, (*_kept_proxies(request, snapshot), *unasked))
    return Plan(
        verb="setup",
        cluster=cluster,
        summary=_summary(request) if left else f"{_summary(request)} It runs already; the bot remembers it.",
        steps=left,
        risks=(*_unproved(left, snapshot), *_risks(request, snapshot)),
        guards=tuple(_guards(snapshot)),
        declares=None if remembered else cluster,
        undone=unasked,
        leaves="running",
    )


def ask(request: SetupRequest, snapshot: Snapshot) -> Mapping[str, Fact[Any]]:
    """Return what the decision takes besides.

    That is which fence agents there are, where no package brings the one asked for; and the ports of what is set up
    already, since a run that was cut off in its last step left no other trace.
    """
    ports = {} if refusals(request, snapshot) else ports_to_ask(request, snapshot)
    return {**ports, "fence_agents": fence_agents.FACT} if agents.is_strange(request.cluster) else ports


def _unproved(left: tuple[Step, ...], snapshot: Snapshot) -> Iterator[Finding]:
    """Say of a plan that only looks, since all of it is there, what it did not find."""
    proofs = [step.proof for step in left if step.proof]
    if any(step.lanes for step in left):
        return
    for why in (why for proof in proofs for why in proof.missing(snapshot)):
        yield Finding(
            Level.WARNING,
            why,
            "All of the cluster's configuration is there: see what `status` says of HAProxy, and what is between the nodes.",
        )


def _same(known: ClusterSpec, wanted: ClusterSpec) -> bool:
    return known.model_copy(update={"channels": wanted.channels}) == wanted


def _summary(request: SetupRequest) -> str:
    cluster = request.cluster
    nodes = ", ".join(f"{node.name} ({', '.join(map(str, node.addresses))})" for node in cluster.nodes)
    vips = ", ".join(map(str, cluster.vips)) or "no floating IPs"
    fencing = f"fenced by {cluster.fencing.agent}" if cluster.fencing else "without power fencing"
    if cluster.fencing and cluster.fencing.kept:
        fencing = f"fenced by {', '.join(cluster.fencing.kept)} as it is"
    return f"Cluster `{cluster.name}` on {nodes}; {vips}; {fencing}; failover {cluster.failover}."


def _risks(request: SetupRequest, snapshot: Snapshot) -> Iterator[Finding]:
    cluster = request.cluster
    if request.known is not None and request.known.nodes != cluster.nodes:
        before = ", ".join(f"{node.name} ({node.address})" for node in request.known.nodes)
        yield Finding(Level.WARNING, f"the bot knows another cluster as `{cluster.name}` ({before}) and will forget it")
    for node in snapshot.nodes:
        if leftover(node):
            yield Finding(
                Level.WARNING,
                "the one-node cluster `debian` that its packages started is destroyed; it holds no resources",
                node=node.node.name,
            )
    yield from _installing_under_way(request, snapshot)
    if not cluster.cuts_power and cluster.failover == "approved":
        yield Finding(
            Level.INFO,
            "no power fencing: a floating IP of a lost node waits at its gate until a person moves it with `failover`",
        )
    if not cluster.cuts_power and cluster.failover == "automatic":
        yield Finding(
            Level.CRITICAL,
            "split brain accepted: without power fencing, a cut network between the nodes puts every floating IP on both sides "
            "at once",
            "Leave out `--failover automatic`.",
        )
    yield from _kept_proxies(request, snapshot)


def _installing_under_way(request: SetupRequest, snapshot: Snapshot) -> Iterator[Finding]:
    """What a package needs is upgraded with it: that may be the Pacemaker that runs."""
    installs = bare(request, snapshot)
    for node, units in snapshot.known("units"):
        name = node.node.name
        if name in installs and units.unit("corosync").active and not leftover(node):
            yield Finding(
                Level.WARNING,
                "packages are installed while the cluster runs there; if they need newer versions of its own, these are "
                "upgraded and restarted, on all such nodes at once",
                "Look at `apt-get -s install` or `dnf --assumeno install` there first, or choose a quiet hour.",
                name,
            )


def _kept_proxies(request: SetupRequest, snapshot: Snapshot) -> Iterator[Finding]:
    """HAProxy's configuration is its user's, also where it once was the given file and that has changed since."""
    for node, config in snapshot.known("haproxy_config"):
        own = config.present and not config.package_default
        if own and request.haproxy_cfg is not None and not is_given(config, request.haproxy_cfg):
            yield Finding(
                Level.INFO,
                "its own haproxy.cfg is kept; the given file differs and is not used there",
                "To use it, put it there by hand and type `systemctl reload haproxy`.",
                node.node.name,
            )


def _guards(snapshot: Snapshot) -> Iterator[str]:
    for node, conf in snapshot.known("conf"):
        yield f"{node.node.name} corosync.conf {conf.digest if isinstance(conf, CorosyncConf) else 'none'}"
    for node, cib in snapshot.running("cib"):
        if leftover(node):
            continue  # it goes as a whole, and its first minute writes its configuration a few times
        yield f"{node.node.name} cib {cib.digest}"
    for node, config in snapshot.known("haproxy_config"):
        yield f"{node.node.name} haproxy.cfg {config.digest}"


VERB = Verb(
    name="setup",
    summary="Make a running HAProxy cluster with floating IPs of bare servers",
    usage=USAGE,
    role=Role.ADMIN,
    options=OPTIONS,
    example=EXAMPLE,
    parse=parse,
    change=Change(READS, decide, ask),
    form=FORM,
    from_form=from_form,
)
