"""What the bot is tried on: real nodes of the lab, or simulated ones. One shape for both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from sandbox.lab.lab import Lab


class Backing(Protocol):
    """Servers with sshd, addresses for floating IPs, and for each server a power switch and a network cable."""

    @property
    def banner(self) -> str:
        """What these nodes are, in a few words."""
        ...

    @property
    def nodes(self) -> Mapping[str, str]:
        """Names and addresses."""
        ...

    @property
    def vips(self) -> tuple[str, ...]:
        """Free addresses for floating IPs, with their prefix."""
        ...

    @property
    def ssh(self) -> Mapping[str, object]:
        """How to log in, as the keys of the bot's `[ssh]` settings."""
        ...

    async def power_off(self, node: str) -> None:
        """Cut a node's power."""
        ...

    async def power_on(self, node: str) -> None:
        """Switch it on again."""
        ...

    async def cut(self, node: str) -> None:
        """Cut a node's network: the others and the bot hear nothing of it."""
        ...

    async def heal(self) -> None:
        """Undo all cuts."""
        ...

    async def close(self) -> None:
        """Take everything down."""
        ...


class LabBacking:
    """Real nodes: systemd, corosync, pacemaker, pcs and haproxy in Linux namespaces."""

    def __init__(self, lab: Lab, debian: int) -> None:
        self.lab = lab
        self.banner = f"real nodes: Debian {debian} with corosync, pacemaker, pcs and haproxy"

    @classmethod
    async def up(cls, name: str, *, nodes: tuple[str, ...], debian: int, bare: bool) -> LabBacking:
        """Boot them; takes seconds, and minutes the first time."""
        lab = await asyncio.to_thread(lambda: Lab.up(name, nodes, debian=debian, bare=bare))
        return cls(lab, debian)

    @property
    def nodes(self) -> Mapping[str, str]:
        """Names and addresses."""
        return {name: addresses[0] for name, addresses in self.lab.nodes.items()}

    @property
    def vips(self) -> tuple[str, ...]:
        """Two free addresses of the lab's subnet."""
        return tuple(f"{self.lab.free_address(k)}/24" for k in (1, 2))

    @property
    def ssh(self) -> Mapping[str, object]:
        """Log in as root, with the lab's own key."""
        return {"user": "root", "keys": [str(self.lab.key)], "known_hosts": [str(self.lab.known_hosts)]}

    async def power_off(self, node: str) -> None:
        """Cut a node's power."""
        await asyncio.to_thread(self.lab.power_off, node)

    async def power_on(self, node: str) -> None:
        """Switch it on again."""
        await asyncio.to_thread(self.lab.power_on, node)

    async def cut(self, node: str) -> None:
        """Cut a node's network."""
        await asyncio.to_thread(self.lab.cut, node)

    async def heal(self) -> None:
        """Undo all cuts."""
        await asyncio.to_thread(self.lab.heal)

    async def close(self) -> None:
        """Take the lab down."""
        await asyncio.to_thread(self.lab.down)
