"""The clusters an operator declares: nodes, floating IPs, fencing, failover policy.

Every name and address is validated here, once, and nowhere else: what passes can stand in an argv without further
thought. Words that could be read as an option or by a shell do not pass.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Address = IPv4Address | IPv6Address
Failover = Literal["approved", "automatic"]

_NODE = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE | re.ASCII
)
_CLUSTER = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.IGNORECASE | re.ASCII)
_NIC = re.compile(r"[a-z0-9][a-z0-9._-]{0,14}", re.IGNORECASE | re.ASCII)
_AGENT = re.compile(r"fence_[a-z0-9_]{1,40}", re.ASCII)
_OPTION = re.compile(r"[a-z][a-z0-9_-]{0,40}", re.IGNORECASE | re.ASCII)
_OPTION_VALUE = re.compile(r"[\w.:/@,;+%^-][\w.:/@,;+%^ -]{0,200}", re.ASCII)
_RESOURCE = re.compile(r"[a-z_][a-z0-9._-]{0,63}", re.IGNORECASE | re.ASCII)
_SECRET = re.compile(r"pass|secret|token|community|api_?key", re.IGNORECASE)
_FILE = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}", re.IGNORECASE | re.ASCII)
_NO_POWER = frozenset({"fence_heuristics_ping", "fence_kdump"})
"""Agents that go before another one and switch nothing off: one pings, one waits for the word of a node that crashed."""


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"{value[:40]!r} is not {what}")
        return value

    return AfterValidator(check)


def _option_value(value: str) -> str:
    if not _OPTION_VALUE.fullmatch(value):
        # without the value: it may be a secret, written in clear by mistake
        raise ValueError("that is not an option's value: no shell syntax, no line breaks, 200 characters at most")
    return value


def _host_address(value: Address) -> Address:
    if value.is_loopback or value.is_multicast or value.is_unspecified or value.is_reserved:
        raise ValueError(f"{value} cannot be a node's address")
    if isinstance(value, IPv6Address) and (value.scope_id or value.is_link_local):
        raise ValueError("a link-local address names no node: give a routable one")
    return value


def is_address(text: str) -> bool:
    """Whether a text is an IP address, of either version."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


_REFERENCE = "secret:"


def secret_of(value: str) -> str | None:
    """Return the name of the secret that the value of a fence agent's option refers to; None for a plain value."""
    return value.removeprefix(_REFERENCE) if value.startswith(_REFERENCE) else None


NodeName = Annotated[str, _matching(_NODE, "a host name (letters, digits, dots and inner hyphens)")]
ClusterName = Annotated[str, _matching(_CLUSTER, "a cluster name (1 to 32 letters, digits, _ or -)")]
NicName = Annotated[str, _matching(_NIC, "a network interface name")]
OptionName = Annotated[str, _matching(_OPTION, "an option's name")]
ResourceId = Annotated[str, _matching(_RESOURCE, "a resource's id")]
OptionValue = Annotated[str, AfterValidator(_option_value)]
FileName = Annotated[str, _matching(_FILE, "a plain file name of the configuration folder")]
HostAddress = Annotated[IPv4Address | IPv6Address, AfterValidator(_host_address)]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeSpec(_Declared):
    """A server of a cluster. The first address is where SSH and corosync's link 0 go, a second one is link 1."""

    name: NodeName
    addresses: Annotated[tuple[HostAddress, ...], Field(min_length=1, max_length=2)]

    @property
    def address(self) -> Address:
        """The first address."""
        return self.addresses[0]


class VipSpec(_Declared):
    """A floating IP in front of HAProxy, as `address/prefix`, on a named interface or wherever its subnet is."""

    address: HostAddress
    prefix: Annotated[int, Field(ge=1, le=128)]
    nic: NicName | None = None

    @model_validator(mode="after")
    def _prefix_fits(self) -> Self:
        if self.prefix > self.address.max_prefixlen:
            raise ValueError(f"/{self.prefix} is too long for {self.address}")
        return self

    @classmethod
    def parse(cls, text: str) -> VipSpec:
        """Read `10.0.0.10/24` or `10.0.0.10/24@eth0`. Raises ValueError saying what is wrong."""
        body, _, nic = text.partition("@")
        if "/" not in body:
            raise ValueError(f"{text[:40]!r} needs its prefix, as in {body[:40]}/24")
        interface = ip_interface(body)
        return cls(address=interface.ip, prefix=interface.network.prefixlen, nic=nic or None)

    @property
    def network(self) -> str:
        """The subnet as CIDR text."""
        return str(ip_interface(f"{self.address}/{self.prefix}").network)

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix}" + (f"@{self.nic}" if self.nic else "")


class FencingSpec(_Declared):
    """A fence agent with its options. A value `secret:NAME` names a file of the secrets directory, never the secret.

    `per_node` holds options that differ by node (an IPMI address); where it is given one device per node is made.
    `kept` are the ids of devices that other hands made in the cluster: they stay as they are, none is made beside them,
    and their options, secrets included, are known to the cluster alone.
    """

    agent: Annotated[str, _matching(_AGENT, "a fence agent, as fence_ipmilan")]
    options: dict[OptionName, OptionValue] = Field(default_factory=dict)
    per_node: dict[NodeName, dict[OptionName, OptionValue]] = Field(default_factory=dict)
    kept: tuple[ResourceId, ...] = ()

    @property
    def cuts_power(self) -> bool:
        """Whether a lost node is sure to be off. Kept devices are taken to do it: only the first one's agent is known."""
        return bool(self.kept) or self.agent not in _NO_POWER

    @model_validator(mode="after")
    def _kept_has_no_options(self) -> Self:
        if self.kept and (self.options or self.per_node):
            raise ValueError("`kept` devices have their options in the cluster: leave out `options` and `per_node`")
        return self

    @model_validator(mode="after")
    def _no_secret_in_clear(self) -> Self:
        for options in (self.options, *self.per_node.values()):
            for name, value in options.items():
                if _SECRET.search(name) and not name.endswith("_script") and secret_of(value) is None:
                    raise ValueError(
                        f"`{name}` looks like a secret: put it into the secrets directory and write {name}=secret:NAME"
                    )
        return self


def _by_fencing(decided: dict[str, Any]) -> Failover:
    fencing: FencingSpec | None = decided.get("fencing")
    return "automatic" if fencing is not None and fencing.cuts_power else "approved"


class ClusterSpec(_Declared):
    """A cluster as declared.

    `failover` is who moves a lost node's floating IPs: a person, at gates, or Pacemaker alone. Left out, fencing decides:
    what is sure to be off may be replaced at once, and without that certainty a person has to give it.
    """

    name: ClusterName
    nodes: Annotated[tuple[NodeSpec, ...], Field(min_length=1, max_length=16)]
    vips: tuple[VipSpec, ...] = ()
    fencing: FencingSpec | None = None
    failover: Failover = Field(default_factory=_by_fencing)
    haproxy_cfg: FileName | None = None
    channels: tuple[str, ...] = ()
    """Slack channel ids; the first is where alerts go, and in each of them this is the default cluster."""

    @property
    def cuts_power(self) -> bool:
        """Whether a lost node is switched off before its floating IPs start elsewhere."""
        return self.fencing is not None and self.fencing.cuts_power

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that the options of its fence devices refer to."""
        if self.fencing is None:
            return ()
        options = (self.fencing.options, *self.fencing.per_node.values())
        named = {secret_of(value) for each in options for value in each.values()}
        return tuple(sorted(name for name in named if name is not None))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [node.name for node in self.nodes]
        if len(set(names)) < len(names):
            raise ValueError("two nodes have the same name")
        held = [str(address) for node in self.nodes for address in node.addresses] + [str(v.address) for v in self.vips]
        doubled = sorted({address for address in held if held.count(address) > 1})
        if doubled:
            raise ValueError(f"{', '.join(doubled)} is given twice")
        if len({len(node.addresses) for node in self.nodes}) > 1:
            raise ValueError("give every node the same number of addresses: corosync's links join all nodes")
        return self

    def node(self, name: str) -> NodeSpec:
        """Return the node of that name. Raises KeyError."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)


def parse_node(text: str) -> NodeSpec:
    """Read `n1=10.0.0.1` or `n1=10.0.0.1,10.1.0.1`. Raises ValueError saying what is wrong."""
    name, equals, rest = text.partition("=")
    if not equals or not rest:
        raise ValueError(f"{text[:40]!r} is not a node: write NAME=ADDRESS, as in n1=10.0.0.1")
    return NodeSpec(name=name, addresses=tuple(ip_address(part) for part in rest.split(",")))
