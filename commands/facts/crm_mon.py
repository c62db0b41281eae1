"""What Pacemaker says of the cluster: nodes, resources, failures, bans and fencing (`crm_mon`).

Read as XML, whose schema Pacemaker keeps stable (`crm_mon(8)`, `xml/api/crm_mon-*.rng`), and held against 2.0.5, 2.1.5
and 3.0.0, the compatibility build of Enterprise Linux 8 (`ocf::heartbeat:IPaddr2`, Master/Slave), the legacy
`<crm_mon>` root that `pcs status xml` of pcs 0.10 prints, and the spellings of 3.0.2 (`fencing-enabled`, `removed`).

Three traps of this document:
- a node that is lost and could not be fenced is `unclean`, and its resources are still shown as active there. Only
  `cached` of the resource and `unclean` of the node tell; `ClusterStatus.holders` heeds both;
- the instances of a clone share one id, and stopped ones name no node;
- `bans` lists negative constraints only: what a move left behind stands in the CIB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact, NotRunning, not_installed, spoken
from commands.facts.pacemaker_xml import DISCONNECTED, Tag, document, role

TOOL = "crm_mon"


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as the cluster sees it.

    Offline with `expected_up` is a loss, without it a clean stop. `unclean` means that nobody knows what runs there.
    """

    name: str
    id: str
    online: bool
    standby: bool
    maintenance: bool
    pending: bool
    unclean: bool
    shutdown: bool
    expected_up: bool
    is_dc: bool
    resources_running: int


@dataclass(frozen=True, slots=True)
class ResourceState:
    """A resource, or one instance of a clone. `role` is Started, Stopped, Promoted, Unpromoted, Starting or Stopping.

    `cached` is False where a node it is shown on is offline: what is shown is then only the last thing known.
    `orphaned` resources run but are no longer configured. `clone` also names the bundle of a replica's resources.
    """

    id: str
    agent: str
    role: str
    active: bool
    failed: bool
    blocked: bool
    managed: bool
    orphaned: bool
    nodes: tuple[str, ...] = ()
    cached: bool = True
    clone: str | None = None
    group: str | None = None
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """An operation that failed and was not cleaned up: `operation` is its key (`vip1_monitor_5000`), `when` in UTC."""

    resource: str
    operation: str
    node: str
    exit_status: str
    reason: str
    when: str
    task: str


@dataclass(frozen=True, slots=True)
class FailCount:
    """How often a resource failed on a node. `INFINITY` keeps it away from there until somebody cleans up."""

    resource: str
    node: str
    count: int


@dataclass(frozen=True, slots=True)
class Ban:
    """A constraint that keeps a resource off a node (`weight` is negative).

    `id` is the constraint's, or its rule's where the node is barred by one: a closed gate is listed here too.
    """

    id: str
    resource: str
    node: str
    weight: int


@dataclass(frozen=True, slots=True)
class FenceEvent:
    """A fencing action, `status` success, failed or pending. `completed` is UTC, or "" while pending."""

    action: str
    target: str
    status: str
    completed: str


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The cluster as the asked node's Pacemaker sees it.

    `version` and `dc` are unknown ("" and None) while there is no DC, and then the cluster is not quorate either.
    `daemon_state` is pacemakerd's own word (running, shutting_down …), "" before Pacemaker 2.1.
    """

    version: str
    dc: str | None
    quorate: bool
    fencing_enabled: bool
    maintenance: bool
    no_quorum_policy: str
    daemon_state: str
    nodes: tuple[NodeState, ...]
    resources: tuple[ResourceState, ...] = ()
    failures: tuple[Failure, ...] = ()
    fail_counts: tuple[FailCount, ...] = ()
    bans: tuple[Ban, ...] = ()
    fence_events: tuple[FenceEvent, ...] = ()
    starts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By resource and node, what tells its last start there from every other: call number and time."""

    def node(self, name: str) -> NodeState | None:
        """Return the node of that name, or None."""
        return next((node for node in self.nodes if node.name == name), None)

    def resource(self, resource_id: str) -> ResourceState | None:
        """Return the resource of that id, an active instance before a stopped one, or None."""
        instances = self.instances(resource_id)
        return next((one for one in instances if one.active), instances[0] if instances else None)

    def instances(self, resource_id: str) -> tuple[ResourceState, ...]:
        """Return all instances of that id: several for the resource inside a clone."""
        return tuple(one for one in self.resources if one.id == resource_id)

    def holders(self, resource_id: str) -> tuple[str, ...]:
        """Return the nodes that surely run the resource: started there, and the node online and not unclean."""
        sure = {node.name for node in self.nodes if node.online and not node.unclean}
        started = (one for one in self.instances(resource_id) if one.active and one.role in {"Started", "Promoted"})
        return tuple(node for one in started for node in one.nodes if node in sure)


def parse(done: Completed) -> ClusterStatus | NotRunning:
    """Read `crm_mon` in XML. Raises `UnreadableOutput`."""
    if (absent := not_installed(done)) is not None:
        return absent
    if not done.stdout.strip():
        if done.status == DISCONNECTED:
            return NotRunning(spoken(done))
        raise UnreadableOutput(TOOL, f"nothing was printed (exit status {done.status})", done.stderr)
    root = document(TOOL, done.stdout)
    if root.name not in {"pacemaker-result", "crm_mon"}:
        raise UnreadableOutput(TOOL, f"its root is <{root.name}>", done.stdout)
    for ended in root.all("status"):  # the legacy root has none
        if (code := ended.number("code")) != 0:
            words = [error.element.text or "" for error in ended.all("errors/error")]
            why = "; ".join(words) or ended.get("message")
            if code == DISCONNECTED:
                return NotRunning(why)
            raise UnreadableOutput(TOOL, f"it ended with status {code}", why)
    return _status(root)


def _status(root: Tag) -> ClusterStatus:
    summary = root.child("summary")
    dc = summary.child("current_dc")
    options = summary.child("cluster_options")
    present = dc.flag("present")
    daemon = root.find("pacemakerd")
    stack = summary.find("stack")
    return ClusterStatus(
        version=dc.text("version") if present else "",
        dc=dc.text("name") if present else None,
        quorate=present and dc.flag("with_quorum"),
        fencing_enabled=options.flag("fencing-enabled", "stonith-enabled"),
        maintenance=options.flag("maintenance-mode"),
        no_quorum_policy=options.text("no-quorum-policy"),
        daemon_state=daemon.get("state") if daemon else stack.get("pacemakerd-state") if stack else "",
        nodes=tuple(_node(node) for node in root.child("nodes").all("node")),
        resources=tuple(_resources(root)),
        failures=tuple(_failure(failure) for failure in root.all("failures/failure")),
        fail_counts=tuple(_fail_counts(root)),
        bans=tuple(
            Ban(ban.text("id"), ban.text("resource"), ban.text("node"), ban.score("weight"))
            for ban in root.all("bans/ban")
        ),
        fence_events=tuple(
            FenceEvent(event.text("action"), event.text("target"), event.text("status"), event.get("completed"))
            for event in root.all("fence_history/fence_event")
        ),
        starts=dict(_starts(root)),
    )


def _node(node: Tag) -> NodeState:
    return NodeState(
        name=node.text("name"),
        id=node.text("id"),
        online=node.flag("online"),
        standby=node.flag("standby"),
        maintenance=node.flag("maintenance"),
        pending=node.flag("pending"),
        unclean=node.flag("unclean"),
        shutdown=node.flag("shutdown"),
        expected_up=node.flag("expected_up"),
        is_dc=node.flag("is_dc"),
        resources_running=node.number("resources_running"),
    )


def _resources(root: Tag) -> Iterator[ResourceState]:
    """Yield every resource: alone, in a group, in a clone of either, or in a bundle's replica."""
    for top in root.all("resources/*"):
        if top.name == "resource":
            yield _resource(top)
        elif top.name == "group":
            yield from (_resource(one, group=top.text("id")) for one in top.all("resource"))
        elif top.name == "clone":
            yield from (_resource(one, clone=top.text("id")) for one in top.all("resource"))
            for group in top.all("group"):
                # instances of a group are numbered: "web:0"
                name, _, _ = group.text("id").partition(":")
                yield from (_resource(one, top.text("id"), name) for one in group.all("resource"))
        elif top.name == "bundle":
            yield from (_resource(one, clone=top.text("id")) for one in top.all("replica/resource"))


def _resource(one: Tag, clone: str | None = None, group: str | None = None) -> ResourceState:
    nodes = tuple(one.all("node"))
    return ResourceState(
        id=one.text("id"),
        agent=one.text("resource_agent").replace("::", ":"),
        role=role(one.text("role")),
        active=one.flag("active"),
        failed=one.flag("failed"),
        blocked=one.get("blocked", default="false") == "true",
        managed=one.flag("managed"),
        orphaned=one.flag("removed", "orphaned"),
        nodes=tuple(node.text("name") for node in nodes),
        cached=all(node.flag("cached") for node in nodes),
        clone=clone,
        group=group,
        pending=one.get("pending"),
    )


def _failure(failure: Tag) -> Failure:
    key = failure.text("op_key", "id")
    # the key is RESOURCE_TASK_INTERVAL, and a resource's name may hold underscores itself
    resource, *operation = key.rsplit("_", 2)
    return Failure(
        resource=resource,
        operation=key,
        node=failure.text("node"),
        exit_status=failure.text("exitstatus"),
        reason=failure.get("exitreason"),
        when=failure.get("last-rc-change"),
        task=failure.get("task", default=operation[0] if operation else ""),
    )


def _fail_counts(root: Tag) -> Iterator[FailCount]:
    for node in root.all("node_history/node"):
        for history in node.all("resource_history"):
            if history.get("fail-count"):
                yield FailCount(history.text("id"), node.text("name"), history.score("fail-count"))


def _starts(root: Tag) -> Iterator[tuple[tuple[str, str], str]]:
    for node in root.all("node_history/node"):
        for history in node.all("resource_history"):
            for operation in history.all("operation_history"):
                if operation.get("task") == "start":
                    stamp = f"{operation.get('call')} at {operation.get('last-rc-change')}"
                    yield (history.text("id").partition(":")[0], node.text("name")), stamp


FACT: Fact[ClusterStatus | NotRunning] = Fact(
    Command(
        (TOOL, "--one-shot", "--inactive", "--output-as=xml"),
        # 1 is sudo's "command not found"; any other 1 is refused by the parser
        legal=frozenset({0, 1, DISCONNECTED, 127}),
        joins=True,
    ),
    parse,
)
