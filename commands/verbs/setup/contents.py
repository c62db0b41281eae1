"""What a cluster's configuration holds already that contradicts what is asked for. Pure.

`setup` only ever adds: it changes and removes nothing that is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from commands import configuration
from commands.checks import fencing
from commands.facts.cib import Cib
from commands.report import Finding, Level
from config.inventory import ClusterSpec


def contradictions(cluster: ClusterSpec, cib: Cib | None) -> Iterator[Finding]:
    """Yield every reason not to go on that lies in the configuration; None stands for a cluster yet to be made."""
    yield from _fencing(cluster, cib)
    for conflict in configuration.conflicts(cluster, cib) if cib else ():
        yield _no(
            f"in the cluster's configuration, {conflict}",
            "Ask for what is there, or change it first: gates by `failover-mode`, the rest with pcs. `adopt` alone is enough "
            "for the bot to watch and move what other hands have made.",
        )


def _fencing(cluster: ClusterSpec, cib: Cib | None) -> Iterator[Finding]:
    """Devices that are there are neither switched off nor doubled, and those to be kept must be there."""
    there = fencing.devices(cib) if cib else ()
    named = ", ".join(there)
    if cluster.fencing is None:
        if there and cib and fencing.is_on(cib):
            yield _no(
                f"the cluster is fenced ({named}), and `--fencing none` would switch that off",
                f"`adopt {cluster.nodes[0].address}` makes the bot remember its fencing. To leave fencing, remove the "
                "devices with pcs first.",
            )
        return
    gone = [device for device in cluster.fencing.kept if device not in there]
    if gone:
        yield _no(
            f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} to be kept for fencing and not in the cluster; how to "
            "make such a device is not known to the bot",
            "Make it with `pcs stonith create`, or say all of the fencing: `--fencing AGENT --fence-option …`.",
        )
    wanted = {device for device, _, _ in configuration.fence_devices(cluster)}
    if there and wanted.difference(there) and set(there) - wanted:
        yield _no(
            f"the cluster is fenced by devices of its own ({named}); others would be put beside them",
            f"`adopt {cluster.nodes[0].address}` makes the bot remember them. To have the bot's instead, remove them with "
            "pcs first.",
        )


def _no(text: str, remedy: str) -> Finding:
    return Finding(Level.CRITICAL, text, remedy)
