"""What Pacemaker's scheduler would do with a configuration and status other than the present ones (`crm_simulate`).

It is asked about a copy of the CIB in a folder of its own on a node, so nothing of the cluster is touched and nothing is
left there. One transition is played: what Pacemaker does at once, and where everything is when it is done.

Held against Pacemaker 2.0.5, 2.1.5 and 3.0.0. The actions are read from its text ("Transition Summary"), the only form
that all of them tell truly: 2.0.5 has no XML, and that of 3.0.0 holds no actions once an event is injected. Where
things were and where they end is asked of `crm_mon`, whose XML every version has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command, Completed, Stdin
from commands.errors import UnreadableOutput
from commands.facts import crm_mon
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Fact, NotRunning
from commands.facts.tagged import tagged

TOOL = "crm_simulate"
FENCE = "fence"


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """One thing that the scheduler would have done.

    `kind` is Pacemaker's word in small letters: start, stop, move, migrate, restart, recover, reload, promote, demote,
    or for a node fence and shutdown; then `resource` is "" and `target` is the node. `source` is where a resource runs
    before, `target` where afterwards, each "" where that is nowhere. The number of a clone's instance is left out.
    `blocked` actions are due and cannot be done.
    """

    kind: str
    resource: str
    source: str = ""
    target: str = ""
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Simulation:
    """The actions in the scheduler's order, and the cluster before and after them."""

    actions: tuple[Action, ...]
    before: ClusterStatus
    after: ClusterStatus


# The copy comes on standard input. The tools are kept to it: crm_mon by CIB_file, crm_simulate by --xml-file; without
# --save-output it would put a shadow file beside the cluster's own CIB. Each ends within 8 seconds, so that the shell
# that waits for it soon comes to its trap, whatever signal it got.
_SIMULATE = """
umask 077
command -v crm_simulate >/dev/null 2>&1 || { echo absent; echo end; exit 0; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf -- "$dir"' EXIT
trap 'exit 143' HUP INT TERM
CIB_shadow_dir=$dir
export CIB_shadow_dir
cat >"$dir/before" || exit 1
look() {
    CIB_file="$dir/$1" timeout 8 crm_mon --one-shot --inactive --output-as=xml >"$dir/seen" 2>/dev/null
    sed "s/^/$1 /" "$dir/seen"
}
timeout 8 crm_simulate --simulate --xml-file="$dir/before" --save-output="$dir/after" "$@" \
    >"$dir/said" 2>"$dir/errors" || { status=$?; cat "$dir/errors" "$dir/said" >&2; exit "$status"; }
sed 's/^/said /' "$dir/said"
look before
look after
echo end
"""


def fact(copy: str, flags: tuple[str, ...] = ()) -> Fact[Simulation | NotRunning]:
    """Return the fact of what becomes of this CIB. `flags` are events for crm_simulate to begin with (`--node-fail=n2`).

    The copy travels as a secret: fencing devices may have their passwords in it.
    """
    stdin = Stdin(copy, "copy of the CIB", secret=True)
    return Fact(Command(("sh", "-c", _SIMULATE, "sh", *flags), timeout=30.0, stdin=stdin), parse)


def parse(done: Completed) -> Simulation | NotRunning:
    """Read what was said, and both looks at the cluster. Raises `UnreadableOutput`."""
    lines = tagged(TOOL, done.stdout)
    if lines == [("absent", "")]:
        return NotRunning(f"{TOOL} is not installed")
    texts: Mapping[str, list[str]] = {"said": [], "before": [], "after": []}
    for word, rest in lines:
        if word not in texts:
            raise UnreadableOutput(TOOL, "a line that is none of ours", word)
        texts[word].append(rest)
    before, after = (_looked(done, "\n".join(texts[word])) for word in ("before", "after"))
    return Simulation(actions_of(texts["said"]), before, after)


def _looked(done: Completed, text: str) -> ClusterStatus:
    status = crm_mon.parse(Completed(done.node, done.command, 0, text, ""))
    if isinstance(status, NotRunning):
        raise UnreadableOutput(crm_mon.TOOL, f"of a copy it says: {status.why}", text)
    return status


_SUMMARY = "transition summary:"
_AFTER_SUMMARY = frozenset({"executing cluster transition:", "revised cluster status:"})
_OF_NODE = re.compile(r"(?P<kind>Fence|Shutdown)\s+(\([^)]*\)\s+)?(?P<node>[^\s']+)")
_OF_RESOURCE = re.compile(r"(?P<kind>[A-Z][a-z]+)\s+(?P<id>\S+)\s+\((?P<where>[^)]*)\)(?P<more>.*)")
_ROLES = frozenset({"Master", "Slave", "Promoted", "Unpromoted", "Started", "Stopped"})


def actions_of(lines: list[str]) -> tuple[Action, ...]:
    """Return the actions of a transition summary. Raises `UnreadableOutput`."""
    headings = [line.strip().lower() for line in lines]
    if _SUMMARY not in headings:
        raise UnreadableOutput(TOOL, "it has no transition summary", "\n".join(lines))
    found: list[Action] = []
    for line, heading in list(zip(lines, headings, strict=True))[headings.index(_SUMMARY) + 1 :]:
        if heading in _AFTER_SUMMARY:
            return tuple(found)
        told = line.strip().removeprefix("* ").strip()
        if told:
            found.append(_action(told))
    raise UnreadableOutput(TOOL, "its transition summary does not end", "\n".join(lines))


def _action(told: str) -> Action:
    """Read `Move vip1 ( n1 -> n2 )`, `Promote st:0 ( Slave -> Master n1 )`, `Fence (reboot) n2 'peer is gone'`."""
    if (of_node := _OF_NODE.match(told)) is not None:
        return Action(of_node["kind"].lower(), "", target=of_node["node"])
    of_resource = _OF_RESOURCE.match(told)
    if of_resource is None:
        raise UnreadableOutput(TOOL, "an action that nobody can read", told)
    kind = of_resource["kind"].lower()
    left, _, right = (_place(part) for part in of_resource["where"].partition("->"))
    source = "" if kind == "start" else left or right
    target = "" if kind == "stop" else right or left
    return Action(kind, base_id(of_resource["id"]), source, target, "blocked" in of_resource["more"].split())


def _place(words: str) -> str:
    """Return the node among the words, which may name a role too."""
    nodes = [word for word in words.split() if word not in _ROLES]
    return nodes[0] if nodes else ""


def base_id(resource: str) -> str:
    """Return a resource's id without the number of its instance: `haproxy` for `haproxy:1`."""
    name, colon, number = resource.rpartition(":")
    return name if colon and number.isdecimal() else resource
