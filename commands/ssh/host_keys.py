"""Which host keys are trusted, and what a host's key looks like to people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncssh

_DEFAULT_PORT = 22
_AUTHORITY = "@cert-authority "
_REVOKED = "@revoked "


class HostKeys(Protocol):
    """Where trusted host keys are looked up, each time a connection is opened."""

    async def trusted(self, host: str, port: int, /) -> tuple[str, ...]:
        """Return what is trusted for a host: an address, or a fully qualified node name.

        Each is a public key in OpenSSH's one-line form (`ssh-ed25519 AAAA…`). As in known_hosts, `@cert-authority `
        before it trusts the certificates it signs, and `@revoked ` refuses it whoever else trusts it.
        """
        ...


@dataclass(frozen=True, slots=True)
class KnownHostsFiles:
    """The trusted keys of known_hosts files, read anew for each connection. A file that does not exist holds none."""

    paths: tuple[Path, ...]

    async def trusted(self, host: str, port: int, /) -> tuple[str, ...]:
        return await asyncio.to_thread(self._read, host, port)

    def _read(self, host: str, port: int) -> tuple[str, ...]:
        text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in self.paths if path.is_file())
        keys, authorities, revoked, *_ = asyncssh.match_known_hosts(
            text.encode(), host, "", None if port == _DEFAULT_PORT else port
        )
        return (
            *(one_line(key) for key in keys),
            *(_AUTHORITY + one_line(key) for key in authorities),
            *(_REVOKED + one_line(key) for key in revoked),
        )


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What any of several sources trusts; what one of them revokes stays revoked."""

    sources: tuple[HostKeys, ...]

    async def trusted(self, host: str, port: int, /) -> tuple[str, ...]:
        found = [await source.trusted(host, port) for source in self.sources]
        return tuple(dict.fromkeys(line for lines in found for line in lines))


@dataclass(frozen=True, slots=True)
class Trusted:
    """Trusted lines, sorted by what they are."""

    keys: tuple[asyncssh.SSHKey, ...]
    authorities: tuple[asyncssh.SSHKey, ...]
    revoked: tuple[asyncssh.SSHKey, ...]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Trusted:
        """Sort lines as `HostKeys.trusted` returns them. Raises `asyncssh.KeyImportError` for what is no key."""
        keys: list[asyncssh.SSHKey] = []
        authorities: list[asyncssh.SSHKey] = []
        revoked: list[asyncssh.SSHKey] = []
        for line in lines:
            if line.startswith(_AUTHORITY):
                authorities.append(asyncssh.import_public_key(line.removeprefix(_AUTHORITY)))
            elif line.startswith(_REVOKED):
                revoked.append(asyncssh.import_public_key(line.removeprefix(_REVOKED)))
            else:
                keys.append(asyncssh.import_public_key(line))
        return cls(tuple(keys), tuple(authorities), tuple(revoked))


def one_line(key: asyncssh.SSHKey) -> str:
    """Return a public key in OpenSSH's one-line form, without a comment."""
    return " ".join(key.export_public_key("openssh").decode("ascii").split()[:2])
