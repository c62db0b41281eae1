"""The keys of simulated networks: each machine's own, and the one that opens them all. Made anew each time."""

from __future__ import annotations

from pathlib import Path

import asyncssh

_ALGORITHM = "ssh-ed25519"


class Keys:
    """Keys in a folder: `id_ed25519` to log in with, and `known_hosts` for the addresses of those made known."""

    def __init__(self, folder: Path) -> None:
        self.client = folder / "id_ed25519"
        self.known_hosts = folder / "known_hosts"
        key = asyncssh.generate_private_key(_ALGORITHM, comment="simulated nodes")
        key.write_private_key(str(self.client))
        self.client.chmod(0o600)
        self.authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
        self.known_hosts.touch()

    def host_key(self, name: str, address: str) -> asyncssh.SSHKey:
        """Make a machine's own key, and make it known."""
        key = asyncssh.generate_private_key(_ALGORITHM, comment=name)
        with self.known_hosts.open("a") as known:
            known.write(f"{address} {key.export_public_key().decode().rsplit(' ', 1)[0]}\n")
        return key
