"""How what is missing gets into a cluster: drafted in a file on one node, verified, and pushed in one piece.

The tools that edit a running cluster's configuration edit a file instead where `CIB_file` names one (cibadmin(8)). The
draft is made beside the configuration that it starts from, and only the difference of the two is sent: what somebody
else changed meanwhile stays as it is. Nothing is overwritten either: `cibadmin --create` refuses ids that are there, and
so does the cluster, since its schema allows every id once. Pacemaker's own tools take some 20 ms each, where pcs takes half a
second to begin.

Tried with Pacemaker 2.0.5, 2.1.5 and 3.0.0. No schema is upgraded on the way: a newer one would not fit what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args
from xml.etree.ElementTree import Element

from commands.command import Command, Stdin
from commands.configuration.elements import section
from commands.configuration.modes import Surplus
from commands.configuration.wanted import SEED_DEADTIME, Lack, Section, lacks
from commands.facts.cib import Cib
from config.inventory import ClusterSpec

DRAFT = "/run/hacluster-draft.xml"
ORIGINAL = "/run/hacluster-original.xml"

SEED_CONFIG = (
    '<crm_config><cluster_property_set id="cib-bootstrap-options">'
    f'<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="{SEED_DEADTIME}"/>'
    "</cluster_property_set></crm_config>"
)
_SEED_SCRIPT = (
    'umask 077; cibadmin --empty | sed "s|<crm_config/>|$2|" >"$1.new" && grep -q dc-deadtime "$1.new" && '
    'chown "$3" "$1.new" && mv "$1.new" "$1"'
)
_QUERY_SCRIPT = 'umask 077; cibadmin --query >"$1"'
_PUSH_SCRIPT = 'crm_diff --original "$1" --new "$2" --no-version | cibadmin --patch --xml-pipe'


def seed_command(path: str, owner: str) -> Command:
    """Return the command that puts the first CIB of a new cluster into a file, whole or not at all.

    It is the empty CIB of the node's own Pacemaker (cibadmin(8), `--empty`: an older schema would be upgraded on the
    way by pcs, and then not fit what runs), with one property: `dc-deadtime` shortens the wait of the first election of
    a DC (pacemaker-controld(7), 20 s). It holds nothing else: fencing configured before all nodes are there would shoot
    late ones.
    """
    return Command(("sh", "-c", _SEED_SCRIPT, "sh", path, SEED_CONFIG, owner), timeout=20, changes=True)


def draft_commands(cluster: ClusterSpec, cib: Cib | None, secret_files: Mapping[str, str]) -> tuple[Command, ...]:
    """Return the commands that prepare the new configuration in `DRAFT`, beside the `ORIGINAL` it starts from.

    `cib` is the running cluster's configuration; None means a cluster that is about to be started from `seed_command`.
    `secret_files` maps secret names to the files on the nodes that hold them.
    """
    original = _query_command() if cib else seed_command(ORIGINAL, "root:root")
    return _drafted(original, _edits(tuple(lacks(cluster, cib, secret_files))))


def redraft_commands(surplus: Iterable[Surplus], wanted: Iterable[Lack]) -> tuple[Command, ...]:
    """Return the commands that draft a running cluster's configuration without some constraints and with other things."""
    gone = [Element(one.tag, id=one.id) for one in surplus]
    edits = (*([_fill("constraints", gone, "--delete")] if gone else ()), *_edits(tuple(wanted)))
    return _drafted(_query_command(), edits)


def push_command() -> Command:
    """Return the command that sends the cluster what the draft has and its original has not, in one piece."""
    return Command(("sh", "-c", _PUSH_SCRIPT, "sh", ORIGINAL, DRAFT), timeout=60, changes=True)


def _query_command() -> Command:
    return Command(("sh", "-c", _QUERY_SCRIPT, "sh", ORIGINAL), timeout=30, changes=True)


def _drafted(original: Command, edits: Iterable[Command]) -> tuple[Command, ...]:
    verify = Command(("crm_verify", "--verbose", "--xml-file", DRAFT))
    return (original, Command(("cp", ORIGINAL, DRAFT), changes=True), *edits, verify)


def _edits(wanted: tuple[Lack, ...]) -> Iterator[Command]:
    for tool, *words in (argv for lack in wanted for argv in lack.tools):
        where = ("pcs", "-f", DRAFT) if tool == "pcs" else ("env", f"CIB_file={DRAFT}", tool)
        yield Command((*where, *words), timeout=30, changes=True)
    for name in get_args(Section):
        made = [lack.element for lack in wanted if lack.element is not None and lack.section == name]
        if made:
            # defaults have no place in an empty configuration, and `--create` makes none
            yield _fill(name, made, *(("--modify", "--allow-create") if name == "rsc_defaults" else ("--create",)))


def _fill(name: Section, elements: Iterable[Element], *how: str) -> Command:
    argv = ("env", f"CIB_file={DRAFT}", "cibadmin", *how, "--scope", name, "--xml-pipe")
    return Command(argv, timeout=30, stdin=Stdin(section(name, elements), name), changes=True)
