"""The sections of the settings: how the bot reaches Slack and the nodes, where it keeps what it must remember."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    model_validator,
)

from config.problems import at, misspelt, together

_JUMP = re.compile(
    r"(?P<user>[a-z_][a-z0-9_.-]{0,31})@(?P<host>[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]+\])(:(?P<port>\d{1,5}))?",
    re.IGNORECASE | re.ASCII,
)
_LOGIN = re.compile(r"[a-z_][a-z0-9_.-]{0,31}", re.IGNORECASE | re.ASCII)
_STORES = ("sqlite+aiosqlite://", "postgresql+asyncpg://")


def _token(prefix: str, what: str) -> AfterValidator:
    form = re.compile(rf"{prefix}-[\w-]{{4,}}", re.ASCII)

    def check(value: SecretStr) -> SecretStr:
        if form.fullmatch(value.get_secret_value()):
            return value
        raise ValueError(f"is not {what}, which begins with {prefix}-")

    return AfterValidator(check)


def _web_api(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a web address, as in https://slack.com/api/")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("must be https: tokens would travel in the clear")
    return value if value.endswith("/") else f"{value}/"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError(f"{value[:50]!r} is not an IP address, as in 10.0.0.1") from None


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError(f"{value[:50]!r} is not a network, as in 10.0.0.0/24 or 2001:db8::/64") from None


def _login(value: str) -> str:
    if not _LOGIN.fullmatch(value):
        raise ValueError(f"{value[:40]!r} is not a login name")
    return value


def _jump(value: str) -> str:
    match = _JUMP.fullmatch(value)
    if not match or int(match["port"] or 22) not in range(1, 65536):
        raise ValueError(f"{value[:60]!r} is not a jump host: write user@host or user@host:port")
    return value


def _host_and_port(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii():
        raise ValueError(f"{value[:60]!r} is not a host and a port, as in 192.0.2.1:2201 or [2001:db8::1]:2201")
    return host.strip("[]"), int(port)


def _existing_name(value: Path) -> Path:
    if str(value).lower() in {"none", ".", ""}:
        raise ValueError("names no file; host keys are always checked, so this cannot be turned off")
    return value.expanduser()


def _store_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(_STORES):
        raise ValueError("must be sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE")
    return value


class JumpHost(NamedTuple):
    """A host that connections to nodes go through."""

    user: str
    host: str
    port: int


Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]
BotToken = Annotated[SecretStr, _token("xoxb", "a bot token")]
AppToken = Annotated[SecretStr, _token("xapp", "an app-level token")]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
NodeAddress = Annotated[str, AfterValidator(_address)]
HostAndPort = Annotated[tuple[str, Port], BeforeValidator(_host_and_port)]
PRIVATE_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""RFC 1918 and RFC 4193."""


class Section(BaseModel):
    """What all sections have in common: immutable, no unknown keys, and errors that repeat no value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SlackSettings(Section):
    """How the bot talks to Slack. Without any token it is not connected: the terminal and the sandbox need none."""

    mode: Literal["socket", "http"] = "socket"
    """`socket`: the bot connects out (Socket Mode). `http`: Slack calls in, and every call's signature is checked."""
    bot_token: BotToken | None = None
    app_token: AppToken | None = None
    signing_secret: SecretStr | None = None
    api_url: Annotated[str, AfterValidator(_web_api)] = "https://slack.com/api/"
    http_host: str = "127.0.0.1"
    http_port: Port = 3000

    @property
    def configured(self) -> bool:
        """Whether there are the tokens to connect with."""
        return self.bot_token is not None

    @model_validator(mode="wrap")
    @classmethod
    def _complete(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell what is missing beside what is wrong: hence from what was written, before any of it was taken."""
        lacking = tuple(_lacking(value, tuple(cls.model_fields))) if isinstance(value, Mapping) else ()
        try:
            taken = handler(value)
        except ValidationError as error:
            raise together(error, *lacking) from None
        if lacking:
            raise together(*lacking)
        return taken


def _lacking(written: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[ValidationError]:
    """Say which token the others need. One that is there under a misspelt name is told as that."""
    given = {name for name, value in written.items() if value is not None}
    there = given | misspelt(given, known)
    mode = written.get("mode", "socket")
    if "bot_token" not in there:
        other = next((name for name in ("app_token", "signing_secret") if name in given), None)
        if other:
            yield at(("bot_token",), f"is missing, but {other} is given: set both, or neither to run without Slack")
    elif mode == "socket" and "app_token" not in there:
        yield at(("app_token",), "is missing: Socket Mode connects with an app-level token (xapp-…)")
    elif mode == "http" and "signing_secret" not in there:
        yield at(("signing_secret",), "is missing: without it nobody can tell Slack's calls from anyone else's")


class SshSettings(Section):
    """How the bot reaches the nodes. Host keys are always checked: there is no setting that turns it off."""

    user: Annotated[str, AfterValidator(_login)] = "root"
    """Another login than root runs what needs it under `sudo -n`."""
    port: Port = 22
    keys: tuple[Folder, ...] = ()
    """Private key files."""
    passphrase: SecretStr | None = None
    known_hosts: tuple[Annotated[Path, AfterValidator(_existing_name)], ...] = ()
    """Files in OpenSSH's form, `@cert-authority` lines included; beside them, keys trusted from Slack count."""
    allowed_networks: Annotated[tuple[Network, ...], Field(min_length=1)] = PRIVATE_NETWORKS
    """Where nodes may be, for clusters made from Slack too. Private addresses, unless said otherwise."""
    jump: Annotated[str, AfterValidator(_jump)] | None = None
    """`user@host:port` of a host to go through; `jump_host` has its parts."""
    connect_to: dict[NodeAddress, HostAndPort] = Field(default_factory=dict)
    """Where to really connect for a node's address, for sites that forward ports."""
    connect_timeout: Seconds = 5.0
    keepalive_interval: Seconds = 2.0
    keepalive_count: Annotated[int, Field(ge=1, le=100)] = 3
    """A node that leaves this many keepalives unanswered is taken as lost."""
    max_sessions: Annotated[int, Field(ge=1, le=10)] = 8
    """Commands at once on one connection; sshd's own default limit is 10."""
    output_cap: Annotated[int, Field(ge=65_536)] = 4 * 2**20
    """Bytes of one command's output; more is an error, not memory."""

    @property
    def jump_host(self) -> JumpHost | None:
        """The jump host in its parts."""
        match = _JUMP.fullmatch(self.jump or "")
        if match is None:
            return None
        return JumpHost(match["user"], match["host"].strip("[]"), int(match["port"] or 22))


def networks_in(written: object) -> tuple[IPv4Network | IPv6Network, ...] | None:
    """Return `allowed_networks` of a table that may have mistakes elsewhere; None where they cannot be told."""
    if not isinstance(written, Mapping) or "allowed_networks" in misspelt(written, SshSettings.model_fields):
        return None
    try:
        said = {name: value for name, value in written.items() if name == "allowed_networks"}
        return SshSettings.model_validate(said).allowed_networks
    except ValidationError:
        return None


class StoreSettings(Section):
    """Where clusters made from Slack, trusted host keys, plans and the audit are kept."""

    url: Annotated[SecretStr, AfterValidator(_store_url)] = SecretStr("sqlite+aiosqlite:///hacluster.db")
    """May hold a database password, so it is a secret."""


class LogSettings(Section):
    """What the bot says about itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
