"""Whether HAProxy would answer at the floating IPs, by the configuration that a node has of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from commands.facts.haproxy_config import HaproxyConfig
from commands.report import Finding, Level
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.request import SetupRequest, bind_example
from config.inventory import ClusterSpec


def refusals(request: SetupRequest, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield every reason for which nothing would answer; a bind that only HAProxy itself can resolve is none."""
    if not request.cluster.vips:
        return
    for node, config in snapshot.known("haproxy_config"):
        own = config.present and not config.package_default
        if own and config.valid is False:
            yield _no(
                f"its haproxy.cfg is not valid: {config.problems}",
                "Mend it; `haproxy -c -f /etc/haproxy/haproxy.cfg` says when it is right.",
                node,
            )
        elif own and not (config.public_ports or config.unknown_binds):
            yield _no(
                "its haproxy.cfg has no `bind` that others can reach, so nothing would answer on the floating IPs",
                "Add a frontend with `bind *:80` or another port.",
                node,
            )
        elif own:
            yield from _silent(request.cluster, node, config)
        elif request.haproxy_cfg is None:
            yield _no(
                "HAProxy has no configuration of its own there",
                "Put a /etc/haproxy/haproxy.cfg there, or give `--haproxy-cfg FILE` with a file of the bot's configuration folder.",
                node,
            )


def _silent(cluster: ClusterSpec, node: NodeSnapshot, config: HaproxyConfig) -> Iterator[Finding]:
    """A wildcard of IPv4 takes no connection of IPv6: nobody would notice before the address is needed."""
    for address in (str(vip.address) for vip in cluster.vips):
        if config.silent_at(address):
            yield _no(
                f"its haproxy.cfg has no `bind` that would answer at the floating IP {address}",
                f"Add `bind {bind_example(address)}` to a frontend.",
                node,
            )


def _no(text: str, remedy: str, node: NodeSnapshot) -> Finding:
    return Finding(Level.CRITICAL, text, remedy, node.node.name)


def unasked(cluster: ClusterSpec, ports: Callable[[str], tuple[int, ...]]) -> Iterator[Finding]:
    """Yield which floating IPs are asked for no port, since none is known that would answer there."""
    for address in (str(vip.address) for vip in cluster.vips):
        if not ports(address):
            yield Finding(
                Level.WARNING,
                f"which port answers at {address} is not known (its `bind` has a name or a variable): none is asked for, and "
                "none is opened in a firewall",
                f"Open it yourself where a firewall runs, and ask {address} from another machine afterwards.",
            )
