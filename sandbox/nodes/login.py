"""The keys of a simulated network: each machine's own, and the one that opens them all. Made anew each time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import asyncssh

_ALGORITHM = "ssh-ed25519"


class Keys:
    """Keys in a folder: `id_ed25519` to log in with, and `known_hosts` for the machines' addresses."""

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        self.hosts = {name: asyncssh.generate_private_key(_ALGORITHM, comment=name) for name in addresses}
        self.client = folder / "id_ed25519"
        self.known_hosts = folder / "known_hosts"
        key = asyncssh.generate_private_key(_ALGORITHM, comment="simulated nodes")
        key.write_private_key(str(self.client))
        self.client.chmod(0o600)
        self.authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
        self.known_hosts.write_text(
            "".join(
                f"{addresses[name]} {host.export_public_key().decode().rsplit(' ', 1)[0]}\n"
                for name, host in self.hosts.items()
            )
        )
