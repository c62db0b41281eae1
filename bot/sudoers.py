"""The sudoers file for a login other than root: made from the commands that the bot runs, so that it cannot fall behind.

What is only read comes from the facts themselves. What changes a node comes from plans: a `setup` of servers that have
nothing, on each system whose packages are known, and the commands of the other verbs. `sudo` is the last word before
each command (see `commands.ssh.remote_line`), so these are the very programs that sudo is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from commands import configuration, gates
from commands.command import Command, Completed
from commands.facts import haproxy_config, journal, membership_stream
from commands.facts.fact import Known
from commands.facts.host import OperatingSystem
from commands.facts.packages import Packages
from commands.snapshot import FACTS, NodeSnapshot, Snapshot
from commands.verbs.members import PCS_STATUS_COROSYNC
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps import steps
from config.inventory import ClusterSpec, FencingSpec, VipSpec, parse_node

LOGIN = "hacluster-bot"
"""Not `hacluster`: Pacemaker's packages make a login of that name, for its daemons."""

LOGIN_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
"""useradd(8). Other characters would have a meaning of their own in a sudoers file."""

WHO = Command(("id", "-u"), timeout=15.0)
"""Asks whether a command really runs as root."""

_CLUSTER = ClusterSpec(
    name="web",
    nodes=(parse_node("n1=10.0.0.1"), parse_node("n2=10.0.0.2")),
    vips=(VipSpec.parse("10.0.0.10/24"),),
    fencing=FencingSpec(agent="fence_ipmilan", options={"password": "secret:ipmi"}),
    failover="approved",
    haproxy_cfg="haproxy.cfg",
)
_SYSTEMS = (
    OperatingSystem("debian", "12", "Debian 12", "apt", 12),
    OperatingSystem("rhel", "9.4", "Red Hat Enterprise Linux 9.4", "dnf", 9),
    OperatingSystem("ol", "8.10", "Oracle Linux 8.10", "dnf", 8),
)
_BARE = haproxy_config.FACT.parse(Completed("n1", haproxy_config.FACT.command, 0, "end\n", ""))

_IN_SBIN = frozenset({
    "chpasswd", "cibadmin", "corosync-cfgtool", "corosync-cmapctl", "corosync-quorumtool", "crm_attribute", "crm_mon",
    "crm_resource", "crm_verify", "haproxy", "ip", "pcs", "stonith_admin", "subscription-manager", "sysctl",
})  # fmt: skip
"""The rest is in /usr/bin. Where a system has its program in the other of the two, it has a link, which sudo follows."""


def reads() -> Iterator[Command]:
    """Yield the commands that only look."""
    yield WHO
    yield PCS_STATUS_COROSYNC
    yield journal.follow(None)
    yield membership_stream.follow(None)
    for fact in FACTS.values():
        yield fact(_CLUSTER, _CLUSTER.nodes[0]).command


def changes() -> Iterator[Command]:
    """Yield commands of every kind that changes a node."""
    request = SetupRequest(_CLUSTER, haproxy_cfg="", password="-", fencing_secrets={"ipmi": "-"})  # noqa: S106 - no secret
    for system in _SYSTEMS:
        nodes = (
            NodeSnapshot(node, os=Known(system), packages=Known(Packages({})), haproxy_config=Known(_BARE))
            for node in _CLUSTER.nodes
        )
        for step in steps(request, Snapshot(_CLUSTER, tuple(nodes))):
            for lane in step.lanes:
                yield from lane.commands
    yield configuration.push_command()
    yield gates.set_attribute("vip1", "n1", gates.OPEN)
    # moves without a gate, `cleanup`, `clear`, `restart`, the end of `maintenance`
    yield Command(("crm_resource", "--move"), changes=True)
    # `confirm-down`
    yield Command(("stonith_admin", "--confirm"), changes=True)


def sudoers(login: str = LOGIN) -> str:
    """Return the text of a sudoers file that lets the login do what the bot does, and no more programs than that."""
    looks = _entries(reads())
    return _TEXT.format(login=login, reads=_alias(looks), changes=_alias(_entries(changes()) - looks))


def questions(commands: Iterable[Command]) -> frozenset[str]:
    """Return what to ask `sudo -l` about: each program as it is sent, `env` with the program that it runs."""
    return frozenset(_question(command.argv) for command in commands if command.root)


def _question(argv: tuple[str, ...]) -> str:
    program, *words = argv
    if program != "env":
        return program
    settings = tuple(takewhile(lambda word: "=" in word, words))
    # any word in the place of the entry's `*`
    return " ".join((program, *settings, words[len(settings)], "--version"))


def _entries(commands: Iterable[Command]) -> set[str]:
    return {_entry(command.argv) for command in commands if command.root}


def _entry(argv: tuple[str, ...]) -> str:
    program, *words = argv
    path = f"/usr/{'sbin' if program in _IN_SBIN else 'bin'}/{program}"
    if program != "env":
        return path
    # `env` alone would allow everything: it goes with its settings and the program that follows them
    settings = tuple(takewhile(lambda word: "=" in word, words))
    return " ".join((path, *(word.replace("=", "\\=") for word in settings), words[len(settings)], "*"))


def _alias(entries: Iterable[str]) -> str:
    return ", \\\n    ".join(sorted(entries))


_TEXT = """\
# What the bot runs under `sudo -n` on a node, where its login ({login}) is not root.
# Made by `hacluster sudoers --login {login}`: make it anew after an upgrade of the bot.
#
# On each node: put it into /etc/sudoers.d/hacluster-bot, owner root, mode 0440, then `visudo -c`.
# A name without a dot: sudo passes over files of /etc/sudoers.d with one. A program that a system does not have does
# no harm here.
#
# What this is worth: every command appears in sudo's log, and programs that the bot never needs stay out of its
# reach. It is not a wall. `sh`, `bash`, `install`, `cp`, `mv`, `chpasswd` and the package tools amount to root, and
# the bot cannot install and configure a cluster without them. Whoever holds the bot's SSH key holds the node.

Defaults:{login} !requiretty

# Needed to look.
Cmnd_Alias HACLUSTER_READ = \\
    {reads}

# Needed for changes only: left out of the last line, the bot can still tell how a cluster is.
Cmnd_Alias HACLUSTER_CHANGE = \\
    {changes}

{login} ALL=(root) NOPASSWD: HACLUSTER_READ, HACLUSTER_CHANGE
"""
