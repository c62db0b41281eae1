"""How the bot reaches nodes: who it logs in as, with which keys, to which networks, through which jump host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from config.sections import PRIVATE_NETWORKS

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Jump:
    """A host that connections to nodes go through. Its host key is checked like any other."""

    host: str
    port: int = 22
    user: str = ""
    """Empty for the same user as on the nodes."""


@dataclass(frozen=True, slots=True)
class SshOptions:
    """Everything that is the same for all nodes. Times are seconds."""

    user: str
    keys: tuple[Path, ...]
    """Private key files; a certificate beside one (`KEY-cert.pub`) is offered too. No agent is asked."""
    passphrase: str | None = field(default=None, repr=False)
    port: int = 22
    allowed_networks: tuple[Network, ...] = PRIVATE_NETWORKS
    """A node whose address is in none of these is refused before anything is sent. The jump host is exempt: it comes
    from the settings, node addresses may come from a chat."""
    jump: Jump | None = None
    connect_timeout: float = 5.0
    """For each address: TCP, key exchange and login together."""
    session_timeout: float = 10.0
    """For a node to begin a command on an open connection."""
    kill_after: float = 5.0
    """Between TERM and KILL on the node, for a command that is out of time."""
    grace: float = 2.0
    """How much later than on the node a command's time ends here: the node's own word on its end should arrive."""
    keepalive_interval: float = 2.0
    keepalive_count: int = 3
    """A peer that stays silent this many intervals counts as lost."""
    max_sessions: int = 8
    """Commands and streams at once on one connection; sshd's own limit (`MaxSessions`) is 10."""
    max_parallel_connects: int = 16
    connect_jitter: float = 0.1
    """The longest random wait before a connect while others are under way: sshd drops bursts (`MaxStartups`)."""
    output_cap: int = 4 * 1024 * 1024
    """Bytes of output kept from one command."""
    connect_to: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Where to really connect for a node's address, for sites that forward ports. Host keys and allowed networks are
    still those of the node's own address."""

    def allows(self, address: IPv4Address | IPv6Address) -> bool:
        """Return whether a node's address is in one of the allowed networks."""
        plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
        return any(plain.version == network.version and plain in network for network in self.allowed_networks)
