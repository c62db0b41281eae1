"""Opening one SSH connection: networks allowed, host key checked, addresses tried in turn, bursts spread out."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncssh
import structlog

from commands.errors import HostKeyMismatch, HostKeyUnknown, Unreachable
from commands.ssh.host_keys import HostKeys, Trusted, one_line
from commands.ssh.options import SshOptions

_ATTEMPTS = 4
"""Connects to one address when the peer hangs up before the login, as a busy sshd does (`MaxStartups`)."""
_ATTEMPT_PAUSE = 0.3
_HEAD_START = 0.5
"""Seconds that an address has before the node's next one is tried beside it."""
_PLAIN_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_CERTIFICATE_ALGORITHMS = tuple(f"{name}-cert-v01@openssh.com" for name in _PLAIN_ALGORITHMS)
_CHEAPEST_FIRST = "^aes256-gcm@openssh.com,aes128-gcm@openssh.com"
"""Before all others, as OpenSSH writes it: a status costs the bot a quarter less CPU than with ChaCha20, of whose
parts asyncssh makes a new cipher for every packet."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to connect to. `host` and `port` are what host keys are looked up by; `at` is where it really is."""

    name: str
    host: str
    port: int
    user: str
    at: tuple[str, int]


class NotConnected(Exception):
    """This address did not answer; another one of the same node may."""


class _Client(asyncssh.SSHClient):
    """Remembers the host key that asyncssh found in no trusted list, and goes on refusing it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.offered: asyncssh.SSHKey | None = None
        self._endpoint = endpoint
        self._begun = time.monotonic()
        self._logged_in = False

    def auth_completed(self) -> None:
        self._logged_in = True
        seconds = round(time.monotonic() - self._begun, 3)
        log.info("ssh connected", node=self._endpoint.name, address=self._endpoint.host, seconds=seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._logged_in:
            log.info(
                "ssh disconnected", node=self._endpoint.name, address=self._endpoint.host, why=str(exc or "closed")
            )

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.offered = key
        return False

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        return False


class Dialer:
    """Opens connections with the same options and trusted keys, not too many at once."""

    def __init__(self, options: SshOptions, host_keys: HostKeys) -> None:
        self._options = options
        self._host_keys = host_keys
        self._lines = asyncio.Semaphore(options.max_parallel_connects)
        self._under_way = 0
        self._reading_keys = asyncio.Lock()
        self._client_keys: Sequence[asyncssh.SSHKeyPair] | None = None

    async def dial(
        self, endpoints: Sequence[Endpoint], tunnel: asyncssh.SSHClientConnection | None = None
    ) -> asyncssh.SSHClientConnection:
        """Connect to the first endpoint that answers. Raises `Unreachable` or one of its host key kinds.

        They are tried in their order; one that stays silent for half a second no longer keeps the next one waiting. A
        wrong host key or a refused login is an answer: no other address is tried then.
        """
        # before any address's time begins: a passphrase takes a second to try, by design
        keys = await self._keys(endpoints[0])
        waiting = deque(endpoints)
        trying: dict[asyncio.Task[asyncssh.SSHClientConnection], Endpoint] = {}
        problems: dict[Endpoint, NotConnected] = {}
        try:
            while waiting or trying:
                if waiting:
                    endpoint = waiting.popleft()
                    trying[asyncio.create_task(self._persist(endpoint, keys, tunnel))] = endpoint
                await asyncio.wait(
                    trying, timeout=_HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in [task for task in trying if task.done()]:
                    try:
                        connection = task.result()
                    except NotConnected as error:
                        problems[trying.pop(task)] = error
                    else:
                        del trying[task]
                        return connection
        finally:
            await _abandon(trying)
        tried = "; ".join(f"{endpoint.host} port {endpoint.port}: {problems[endpoint]}" for endpoint in endpoints)
        raise Unreachable(
            f"SSH cannot connect ({tried})",
            node=endpoints[0].name,
            remedy="Is the machine on, its sshd running, and the port open from here?",
        )

    async def _persist(
        self, endpoint: Endpoint, keys: Sequence[asyncssh.SSHKeyPair], tunnel: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._lines:
                    return await self._spread(endpoint, keys, tunnel)
            except (asyncssh.ConnectionLost, ConnectionResetError) as error:
                if attempt == _ATTEMPTS:
                    raise NotConnected("it hangs up before the login") from error
            await asyncio.sleep(_ATTEMPT_PAUSE * attempt * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError("unreachable")

    async def _spread(
        self, endpoint: Endpoint, keys: Sequence[asyncssh.SSHKeyPair], tunnel: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        if self._under_way:
            await asyncio.sleep(random.uniform(0, self._options.connect_jitter))  # noqa: S311
        self._under_way += 1
        try:
            async with asyncio.timeout(self._options.connect_timeout):
                return await self._connect(endpoint, keys, tunnel)
        except TimeoutError:
            raise NotConnected(f"no answer within {self._options.connect_timeout:g} s") from None
        finally:
            self._under_way -= 1

    async def _connect(
        self, endpoint: Endpoint, keys: Sequence[asyncssh.SSHKeyPair], tunnel: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        trusted = await self._trusted(endpoint)
        # A certificate names hosts as its authority does: by name or by address. Either is the node.
        aliases = (endpoint.name, endpoint.host) if trusted.authorities else (endpoint.host,)
        for alias in aliases:
            client = _Client(endpoint)
            try:
                return await asyncssh.connect(
                    endpoint.at[0],
                    endpoint.at[1],
                    tunnel=tunnel or (),
                    config=None,
                    username=endpoint.user,
                    client_keys=keys,
                    agent_path=None,
                    preferred_auth=("publickey",),
                    client_factory=partial(_same, client),
                    known_hosts=(trusted.keys, trusted.authorities, trusted.revoked),
                    host_key_alias=alias,
                    server_host_key_algs=_algorithms(trusted),
                    encryption_algs=_CHEAPEST_FIRST,
                    keepalive_interval=self._options.keepalive_interval,
                    keepalive_count_max=self._options.keepalive_count,
                )
            except asyncssh.HostKeyNotVerifiable as error:
                if client.offered is None and alias != aliases[-1]:
                    continue
                raise _key_refused(endpoint, trusted, client.offered, str(error)) from None
            except asyncssh.PermissionDenied:
                raise Unreachable(
                    f"it does not let `{endpoint.user}` in with the bot's key",
                    node=endpoint.name,
                    remedy=f"Add the bot's public key to ~{endpoint.user}/.ssh/authorized_keys there.",
                ) from None
            except (asyncssh.ConnectionLost, ConnectionResetError):
                raise
            except asyncssh.ChannelOpenError as error:
                raise NotConnected(f"the jump host cannot connect: {error.reason}") from error
            except asyncssh.Error as error:
                raise Unreachable(f"SSH cannot be spoken with it: {error.reason}", node=endpoint.name) from error
            except OSError as error:
                raise NotConnected(os.strerror(error.errno) if error.errno else str(error)) from error
        raise AssertionError("unreachable")

    async def _trusted(self, endpoint: Endpoint) -> Trusted:
        try:
            lines = await self._host_keys.trusted(endpoint.host, endpoint.port)
            if "." in endpoint.name and endpoint.name != endpoint.host:
                # known_hosts often has fully qualified names; short ones are taken by several clusters
                lines += await self._host_keys.trusted(endpoint.name, endpoint.port)
            return Trusted.parse(lines)
        except (ValueError, OSError) as error:
            raise Unreachable(f"the trusted host keys cannot be read: {error}", node=endpoint.name) from error

    async def _keys(self, endpoint: Endpoint) -> Sequence[asyncssh.SSHKeyPair]:
        """Read the bot's own keys, once. A list: asyncssh takes an empty tuple for "look into ~/.ssh"."""
        async with self._reading_keys:
            if self._client_keys is None:
                self._client_keys = [pair for path in self._options.keys for pair in await self._read(path, endpoint)]
            return self._client_keys

    async def _read(self, path: Path, endpoint: Endpoint) -> Sequence[asyncssh.SSHKeyPair]:
        try:
            return await asyncio.to_thread(asyncssh.load_keypairs, str(path), self._options.passphrase)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise Unreachable(
                f"the bot's own SSH key {path} cannot be read: {why}",
                node=endpoint.name,
                remedy="See `keys` and `passphrase` of the `ssh` settings.",
            ) from None


async def _abandon(trying: Iterable[asyncio.Task[asyncssh.SSHClientConnection]]) -> None:
    tasks = tuple(trying)
    for task in tasks:
        task.cancel()
    for late in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(late, asyncssh.SSHClientConnection):
            late.abort()


def _same(client: _Client) -> _Client:
    return client


def _algorithms(trusted: Trusted) -> list[str]:
    """Return the host key algorithms to ask for: those of trusted keys first, so that a host with several shows it.

    The others follow, so that a changed key is seen as changed and not as "no common algorithm". Certificates are asked
    for only where an authority is trusted; anywhere else the plain key is what can be shown and trusted.
    """
    known = {algorithm.decode() for key in trusted.keys for algorithm in key.sig_algorithms}
    plain = sorted(_PLAIN_ALGORITHMS, key=lambda name: name not in known)
    return [*(_CERTIFICATE_ALGORITHMS if trusted.authorities else ()), *plain]


def _key_refused(endpoint: Endpoint, trusted: Trusted, offered: asyncssh.SSHKey | None, why: str) -> Unreachable:
    if offered is None:
        return HostKeyMismatch(f"its host key is refused: {why}", node=endpoint.name)
    fingerprint = offered.get_fingerprint()
    if trusted.keys:
        expected = ", ".join(key.get_fingerprint() for key in trusted.keys)
        log.warning("ssh host key mismatch", node=endpoint.name, offered=fingerprint, trusted=expected)
        return HostKeyMismatch(
            f"it offers another host key ({fingerprint}) than the trusted one ({expected})",
            node=endpoint.name,
            remedy="A reinstalled machine? Compare with its console, then add the new key to the bot's known_hosts.",
        )
    return HostKeyUnknown(
        f"its host key is not trusted yet: {fingerprint}",
        node=endpoint.name,
        address=endpoint.host,
        port=endpoint.port,
        key=one_line(offered),
        fingerprint=fingerprint,
    )
