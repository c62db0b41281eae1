"""Which nodes a change reaches, which it goes on without, and which are in its way."""

from __future__ import annotations

from dataclasses import dataclass

from commands.checks import witness
from commands.checks.phrases import does, listed
from commands.errors import HostKeyMismatch, HostKeyUnknown, Unreachable
from commands.facts.corosync_conf import CorosyncConf, NoConf
from commands.facts.fact import Known
from commands.plan import Refusal
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot


def unreachable(snapshot: Snapshot, *fields: str) -> tuple[Finding, ...]:
    """Return a reason not to go on for each node that could not be asked."""
    return tuple(
        Finding(
            Level.CRITICAL,
            why.why.removeprefix(f"{node.node.name}: "),
            (why.error.remedy if why.error else "") or "The bot must reach every node for this.",
            node.node.name,
        )
        for node, why in snapshot.unknown(*fields)
    )


def silent(snapshot: Snapshot, *fields: str) -> tuple[str, ...]:
    """Return the nodes that nothing was heard of: off, or cut off from the bot.

    A key that nobody trusts, or an answer that cannot be read, is something else: that node is there.
    """
    return tuple(
        node.node.name
        for node, why in snapshot.unknown(*fields)
        if isinstance(why.error, Unreachable) and not isinstance(why.error, HostKeyUnknown | HostKeyMismatch)
    )


@dataclass(frozen=True, slots=True)
class Here:
    """The nodes that a change reaches, and those that it does not."""

    nodes: tuple[NodeSnapshot, ...]
    silent: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes that answer."""
        return tuple(node.node.name for node in self.nodes)

    @property
    def which(self) -> tuple[str, ...]:
        """The nodes as pcs takes them: with `--all` it would stumble over those that do not answer."""
        return self.names if self.silent else ("--all",)

    def where(self, everywhere: str = "on all nodes") -> str:
        """Say where it is done."""
        return f"on {listed(self.names)}" if self.silent else everywhere

    def undone(self, not_done: str, remedy: str, level: Level = Level.WARNING) -> tuple[Finding, ...]:
        """Return what is not done on the silent nodes, and what then; nothing if there are none."""
        return (Finding(level, self.missing(not_done), remedy),) if self.silent else ()

    def missing(self, not_done: str) -> str:
        """Say of the silent nodes what is not done there."""
        return f"{does(self.silent, 'does', 'do')} not answer and {'is' if len(self.silent) == 1 else 'are'} {not_done}"


def reached(verb: str, snapshot: Snapshot, *fields: str) -> Here | Refusal:
    """Return whom a change reaches: all but nodes that are off. Anything else that is in the way is a reason not to."""
    off = silent(snapshot, *fields)
    reasons = tuple(reason for reason in unreachable(snapshot, *fields) if reason.node not in off)
    reasons += tuple(reason for node in snapshot.nodes if (reason := _outside(snapshot, node)))
    here = Here(tuple(node for node in snapshot.nodes if node.node.name not in off), off)
    return Refusal(verb, reasons or unreachable(snapshot, *fields)) if reasons or not here.nodes else here


def _outside(snapshot: Snapshot, node: NodeSnapshot) -> Finding | None:
    """Return why the cluster cannot be commanded on a node that is in none, or in another one."""
    name, setup = node.node.name, f"`setup {snapshot.cluster.name}` makes it, or goes on where one was cut short."
    conf = node.conf.value if isinstance(node.conf, Known) else None
    if isinstance(conf, NoConf):
        return Finding(Level.CRITICAL, "it is in no cluster: there is no corosync.conf", setup, name)
    other = witness.foreign(node, snapshot.cluster)
    if isinstance(conf, CorosyncConf) and conf.cluster_name != snapshot.cluster.name:
        other = conf.cluster_name
    return Finding(Level.CRITICAL, f"it is in another cluster, called `{other}`", setup, name) if other else None
