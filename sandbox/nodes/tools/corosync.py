"""corosync-cmapctl, corosync-quorumtool and corosync-cfgtool of corosync 3.1.2 and later."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.cluster import Cluster
from sandbox.nodes.membership_words import CONSENSUS_MS, TOKEN_MS
from sandbox.nodes.tools.words import local_time, option
from sandbox.nodes.view import View


async def cmapctl(call: Call) -> Answer:
    """Print the keys under each prefix given, all of them without one."""
    await call.takes(0.01)
    cluster = call.cluster
    if cluster is None:
        return Answer(status=1, stderr="Failed to initialize the cmap API. Error CS_ERR_LIBRARY\n")
    name = call.name(cluster)
    keys = sorted(_keys(cluster, name, cluster.membership.views[name]))
    wanted = call.args or ("",)
    return Answer(
        "".join(
            f"{key} ({kind}) = {value}\n" for prefix in wanted for key, kind, value in keys if key.startswith(prefix)
        )
    )


def _keys(cluster: Cluster, me: str, view: View) -> Iterator[tuple[str, str, object]]:
    conf = cluster.conf
    own = conf.node(me)
    yield "nodelist.local_node_pos", "u32", conf.nodes.index(own)
    for position, node in enumerate(conf.nodes):
        yield f"nodelist.node.{position}.name", "str", node.name
        yield f"nodelist.node.{position}.nodeid", "u32", node.id
        for link, address in enumerate(node.addresses):
            yield f"nodelist.node.{position}.ring{link}_addr", "str", address
    yield "quorum.provider", "str", "corosync_votequorum"
    if conf.two_node:
        yield "quorum.two_node", "u8", 1
    yield "runtime.config.totem.consensus", "u32", CONSENSUS_MS
    yield "runtime.config.totem.token", "u32", TOKEN_MS
    for node in conf.nodes:
        seen = view.seen.get(node.name)
        if seen is not None:
            key = f"runtime.members.{node.id}"
            yield f"{key}.config_version", "u64", 0
            # with the blank that the real one has behind each address
            yield (
                f"{key}.ip",
                "str",
                "".join(f"r({link}) ip({address}) " for link, address in enumerate(node.addresses)),
            )
            yield f"{key}.join_count", "u32", seen.count
            yield f"{key}.status", "str", "joined" if seen.joined else "left"
    yield "runtime.votequorum.this_node_id", "u32", own.id
    yield "runtime.votequorum.two_node", "u8", int(conf.two_node)
    if conf.two_node:
        yield "runtime.votequorum.wait_for_all_status", "u8", int(view.waiting)
    yield "totem.cluster_name", "str", conf.name
    if conf.uuid:
        yield "totem.cluster_uuid", "str", conf.uuid
        yield "totem.transport", "str", "knet"
    yield "totem.version", "u32", 2


async def unblock(call: Call) -> Answer:
    """Play `pcs quorum unblock`: end the waiting for nodes that were never seen since the start."""
    await call.takes(0.3)
    cluster = call.cluster
    if cluster is None or not cluster.conf.two_node:
        return Answer(status=1, stderr="Error: unable to check quorum status\n")
    if ("--yes" if call.machine.release.pacemaker_3 else "--force") not in call.args:
        return Answer(status=1, stderr="Error: nobody said yes, use --force to override\n")
    if not cluster.membership.unblock(call.name(cluster)):
        return Answer(status=1, stderr="Error: cluster is not waiting for nodes to establish quorum\n")
    return Answer(stderr="Quorum unblocked\nWaiting for nodes canceled\n")


def _expect(call: Call, votes: str) -> Answer:
    cluster = call.cluster
    if cluster is None:
        return Answer(status=1, stderr="Cannot initialize CMAP service\n")
    here = len(cluster.membership.members(call.name(cluster)))
    if not here // 2 <= int(votes) // 2 + 1 <= here:
        return Answer(status=1, stderr="Unable to set expected votes: CS_ERR_INVALID_PARAM\n")
    cluster.membership.expect(int(votes))
    return Answer()


async def quorumtool(call: Call) -> Answer:
    """Print the count; exit status 2 without quorum. Or have fewer votes expected (`-e`)."""
    await call.takes(0.015)
    expected = option(call.args, "-e")
    if expected is not None:
        return _expect(call, expected)
    cluster = call.cluster
    if cluster is None:
        return Answer(status=1, stderr="Cannot initialize CMAP service\n")
    me = call.name(cluster)
    membership = cluster.membership
    members = [cluster.conf.node(name) for name in membership.members(me)]
    quorate = membership.quorate(me)
    flags = [*(["2Node"] if cluster.conf.two_node else []), *(["Quorate"] if quorate else [])]
    if cluster.conf.two_node:
        flags.append("WaitForAll")
    own = cluster.conf.node(me)
    needed = f"{membership.needed()}  " if quorate else f"{membership.needed()} Activity blocked"
    lines = [
        "Quorum information",
        "------------------",
        f"Date:             {local_time(call.now)}",
        "Quorum provider:  corosync_votequorum",
        f"Nodes:            {len(members)}",
        f"Node ID:          {own.id}",
        f"Ring ID:          {members[0].id}.{membership.views[me].ring:x}",
        f"Quorate:          {'Yes' if quorate else 'No'}",
        "",
        "Votequorum information",
        "----------------------",
        f"Expected votes:   {membership.expected}",
        f"Highest expected: {len(cluster.conf.nodes)}",
        f"Total votes:      {len(members)}",
        f"Quorum:           {needed}",
        f"Flags:            {' '.join(flags)}{' ' if flags else ''}",
        "",
        "Membership information",
        "----------------------",
        "    Nodeid      Votes    Qdevice Name",
        *(f"{node.id:>10}          1         NR {node.name}{' (local)' if node is own else ''}" for node in members),
    ]
    return Answer("\n".join(lines) + "\n", status=0 if quorate else 2)


async def cfgtool(call: Call) -> Answer:
    """Print the links."""
    await call.takes(0.01)
    cluster = call.cluster
    if cluster is None:
        return Answer(status=1, stderr="Could not initialize corosync configuration API error 2\n")
    me = call.name(cluster)
    view = cluster.membership.views[me]
    own = cluster.conf.node(me)
    lines = [f"Local node ID {own.id}, transport knet"]
    old = call.machine.release.pacemaker_2_0
    protocol, width = ("", 4) if old else (" udp", 11)
    for link, address in enumerate(own.addresses):
        lines += [f"LINK ID {link}{protocol}", f"\taddr\t= {address}", "\tstatus:"]
        for node in cluster.conf.nodes:
            state = "localhost" if node is own else "connected" if node.name in view.linked else "disconnected"
            lines.append(f"\t\tnodeid:{node.id:>{width}}:\t{state}")
    return Answer("\n".join(lines) + "\n")
