"""pcs: the commands of it that build, start and change a cluster."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.nodes.call import Answer, Call, Tool
from sandbox.nodes.cib import Cib
from sandbox.nodes.tools import fencing, pcs_cluster, pcs_hosts
from sandbox.nodes.tools.corosync import unblock
from sandbox.nodes.tools.pcs_edit import Refused, edit

STARTING = 0.25
"""Seconds: it is a Python program."""


async def _cleanup(call: Call) -> Answer:
    cluster = call.pacemaker
    if cluster is None:
        return Answer(status=1, stderr="Error: Unable to forget failed operations of resources\n")
    cluster.pacemaker.work.clean_up()
    return Answer(stderr="Cleaned up all resources on all nodes\n")


_COMMANDS: Mapping[tuple[str, ...], Tool] = {
    ("host", "auth"): pcs_hosts.auth,
    ("status", "pcsd"): pcs_hosts.status,
    ("status", "corosync"): pcs_cluster.members,
    ("cluster", "setup"): pcs_cluster.setup,
    ("cluster", "sync"): pcs_cluster.sync,
    ("cluster", "start"): pcs_cluster.start,
    ("cluster", "stop"): pcs_cluster.stop,
    ("cluster", "enable"): pcs_cluster.enable,
    ("cluster", "disable"): pcs_cluster.disable,
    ("cluster", "destroy"): pcs_cluster.destroy,
    ("cluster", "cib"): pcs_cluster.cib,
    ("cluster", "cib-push"): pcs_cluster.cib_push,
    ("quorum", "unblock"): unblock,
    ("resource", "cleanup"): _cleanup,
    ("stonith", "fence"): fencing.fence,
}


async def pcs(call: Call) -> Answer:
    """Play one command: in a file (`-f FILE`) or on the machine."""
    await call.takes(STARTING)
    words = [word for word in call.args if not word.startswith("--request-timeout")]
    if words == ["--version"]:
        return Answer(f"{call.machine.release.pcs}\n")
    if words[:1] == ["-f"]:
        return _in_file(call, words[1], words[2:])
    tool = _COMMANDS.get(tuple(words[:2]))
    if tool is not None:
        return await tool(Call(call.world, call.machine, tuple(words[2:]), call.stdin, call.boot))
    cluster = call.pacemaker
    if cluster is None:
        return Answer(status=1, stderr="Error: unable to get cib\n")
    answer = _edited(cluster.pacemaker.cib, words)
    if answer.status == 0:
        cluster.pacemaker.changed("root", "cibadmin", call.name(cluster))
    return answer


def _in_file(call: Call, path: str, words: list[str]) -> Answer:
    text = call.machine.read(path)
    if text is None:
        return Answer(status=1, stderr=f"Error: Unable to read file '{path}': No such file or directory\n")
    cib = Cib.parse(text)
    answer = _edited(cib, words)
    if answer.status == 0:
        cib.bump(configuration=True)
        call.machine.write(path, cib.text(), "600")
    return answer


def _edited(cib: Cib, words: list[str]) -> Answer:
    try:
        return Answer(stderr=edit(cib, words))
    except Refused as refused:
        return Answer(status=1, stderr=f"Error: {refused}\n")
