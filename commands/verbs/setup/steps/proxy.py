"""HAProxy: given a configuration where it has none, and running with it when it is handed over to Pacemaker."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from commands.command import Command, Stdin
from commands.facts.haproxy_config import HaproxyConfig
from commands.plan import Step
from commands.snapshot import NodeSnapshot, Snapshot
from commands.verbs.setup.request import SetupRequest
from commands.verbs.setup.steps.making import change, on_lacking, value, write

HAPROXY_CFG = "/etc/haproxy/haproxy.cfg"


def proxy(request: SetupRequest, snapshot: Snapshot) -> Step | None:
    """Put the given configuration where there is none, and let a running HAProxy read it."""
    if not request.cluster.vips:
        return None
    text = request.haproxy_cfg

    def lacks(node: NodeSnapshot) -> str | None:
        config = value(node.haproxy_config)
        if not config.present or config.package_default:
            return "HAProxy has no configuration of its own"
        return None if config.valid else f"haproxy.cfg is not valid: {config.problems}"

    def commands(node: NodeSnapshot) -> Iterable[Command]:
        config = value(node.haproxy_config)
        none = not config.present or config.package_default
        if text is not None and none:
            new = f"{HAPROXY_CFG}.new"
            yield write(new, Stdin(text, request.cluster.haproxy_cfg or "haproxy.cfg"))
            yield change("haproxy", "-c", "-q", "-f", new)
            yield change("mv", new, HAPROXY_CFG)
        if text is not None and (none or is_given(config, text)):
            yield replace(
                change("systemctl", "reset-failed", "haproxy"), legal=frozenset({0, 1})
            )  # 1: it had not failed
            yield change("systemctl", "try-reload-or-restart", "haproxy", timeout=60)

    unread = [node.node.name for node in snapshot.nodes if _unread(node, text)]
    return on_lacking(
        snapshot, "haproxy", "Give HAProxy its configuration", ("haproxy_config",), lacks, commands,
        after=("packages", "sysctl"), also=unread,
    )  # fmt: skip


def _unread(node: NodeSnapshot, text: str | None) -> bool:
    """Return whether a run that was cut off may have put its configuration there and not told HAProxy.

    It starts at boot by itself until it is handed over, which comes later.
    """
    given = text is not None and is_given(value(node.haproxy_config), text)
    return given and value(node.units).unit("haproxy").enabled


def is_given(config: HaproxyConfig, text: str) -> bool:
    """Return whether a node's haproxy.cfg is, to the byte, the one to be put there."""
    return config.digest == hashlib.sha256(text.encode()).hexdigest()
