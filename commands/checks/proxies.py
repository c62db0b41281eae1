"""HAProxy: whether it answers where it should run, with the configuration it has, and whether its servers are up."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks import witness
from commands.checks.phrases import does, listed
from commands.facts.fact import Known, NotRunning
from commands.facts.haproxy_stat import ProxyServer, ProxyStatus
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot

SERVICE = "systemd:haproxy"
"""The agent of the resource that HAProxy is."""


def check(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield each HAProxy that does not answer though it should run, or has not read its file; and servers that are down."""
    for node, answer in snapshot.known("haproxy"):
        if isinstance(answer, NotRunning) and _should_run(snapshot, node):
            yield Finding(
                Level.WARNING,
                f"HAProxy on {node.node.name} does not answer: {answer.why}",
                "Look at `systemctl status haproxy` there, and that its configuration names a `stats socket`.",
                node.node.name,
            )
    yield from _outdated(snapshot)
    yield from _servers(snapshot)


def _outdated(snapshot: Snapshot) -> Iterator[Finding]:
    """What is in the file and not in force comes with the next start: a failover, at the worst moment."""
    for node, status in snapshot.running("haproxy"):
        if status.outdated:
            yield Finding(
                Level.WARNING,
                f"HAProxy on {node.node.name} runs with an older configuration: its file was changed after it was read",
                "There, see that `haproxy -c -f /etc/haproxy/haproxy.cfg` finds it valid, then type `systemctl reload haproxy`.",
                node.node.name,
            )


def _should_run(snapshot: Snapshot, node: NodeSnapshot) -> bool:
    """Return False where Pacemaker itself says that it does not run HAProxy: that is the resources' to tell."""
    status = witness.pacemaker(snapshot)
    if status is None:
        return not (isinstance(node.status, Known) and isinstance(node.status.value, NotRunning))
    instances = [one for one in status.resources if one.agent == SERVICE]
    return not instances or any(one.active and node.node.name in one.nodes for one in instances)


def _servers(snapshot: Snapshot) -> Iterator[Finding]:
    seen: dict[tuple[str, tuple[tuple[str, str], ...], int], list[str]] = {}
    for node, status in snapshot.running("haproxy"):
        for proxy, (down, total) in _down(status).items():
            words = tuple((server.name, _word(server)) for server in down)
            seen.setdefault((proxy, words, total), []).append(node.node.name)
    for (proxy, words, total), nodes in seen.items():
        servers = ", ".join(f"{name} ({word})" for name, word in words)
        if len(words) == total:
            yield Finding(
                Level.CRITICAL,
                f"`{proxy}` has no server up, {does(nodes, 'says', 'say')}: {servers}",
                "Look at these servers: HAProxy answers with 503 for all of them.",
            )
        else:
            yield Finding(
                Level.WARNING,
                f"`{proxy}` has {len(words)} of its {total} servers down, {does(nodes, 'says', 'say')}: {servers}",
                f"Look at {listed(name for name, _ in words)}.",
            )


def _down(status: ProxyStatus) -> dict[str, tuple[list[ProxyServer], int]]:
    """Return each proxy that has servers down: those, and how many it has in all."""
    by_proxy: dict[str, list[ProxyServer]] = {}
    for server in status.servers:
        by_proxy.setdefault(server.proxy, []).append(server)
    found = {}
    for proxy, servers in by_proxy.items():
        down = [server for server in servers if not server.up]
        if down:
            found[proxy] = (down, len(servers))
    return found


def _word(server: ProxyServer) -> str:
    """HAProxy's status without its counter of checks (`DOWN 1/2`), which differs from node to node; and the check."""
    status = server.status.split(" ", 1)[0]
    return f"{status}, {server.check}" if status == "DOWN" and server.check else status
