"""How a cluster is written in the settings file, and how that becomes a `ClusterSpec`.

    [clusters.web]
    nodes = { n1 = "10.0.0.1", n2 = ["10.0.0.2", "10.1.0.2"] }
    vips = ["10.0.0.10/24@eth0"]
    fencing = "none"

Names, addresses and how they fit together are checked by `config.inventory`; only the writing is decided here.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Any, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from config.inventory import (
    ClusterName,
    ClusterSpec,
    Failover,
    FencingSpec,
    FileName,
    HostAddress,
    NodeName,
    NodeSpec,
    VipSpec,
)
from config.problems import Location, at
from config.slack_ids import ChannelId


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ip_address(value)
    except ValueError:
        raise ValueError(f"{value[:40]!r} is not an IP address, as in 10.0.0.1") from None


def _one_or_two(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _vip(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return VipSpec.parse(value)
    except ValidationError as error:
        reasons = "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors(include_input=False))
    except ValueError as error:
        reasons = str(error)
    raise ValueError(f"{value[:60]!r} is not a floating IP, as in 10.0.0.10/24 or 10.0.0.10/24@eth0: {reasons}")


_FENCING = 'write fencing = "none", or { agent = "fence_ipmilan", options = { … } }'


def _fencing(value: object) -> object:
    """Take the word for no fencing. A table left out is no decision, and reaches this as the default does."""
    if value is None:
        raise ValueError(f"is missing: how a lost node is cut from power has to be said; {_FENCING}")
    if isinstance(value, str) and value != "none":
        raise ValueError(f"{value[:40]!r} is not how a lost node is fenced: {_FENCING}")
    return None if value == "none" else value


Addresses = Annotated[
    tuple[Annotated[HostAddress, BeforeValidator(_address)], ...],
    Field(min_length=1, max_length=2),
    BeforeValidator(_one_or_two),
]


class ClusterTable(BaseModel):
    """One `[clusters.NAME]` table."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    nodes: Annotated[dict[NodeName, Addresses], Field(min_length=1, max_length=16)]
    vips: tuple[Annotated[VipSpec, BeforeValidator(_vip)], ...] = ()
    fencing: Annotated[FencingSpec | None, BeforeValidator(_fencing)] = Field(default=None, validate_default=True)
    failover: Failover | None = None
    haproxy_cfg: FileName | None = None
    channels: tuple[ChannelId, ...] = ()

    @model_validator(mode="after")
    def _is_a_cluster(self) -> Self:
        self.spec("checked")
        strangers = sorted(set(self.fencing.per_node) - set(self.nodes)) if self.fencing else ()
        if strangers:
            raise at(("fencing", "per_node", strangers[0]), f"is no node of this cluster ({', '.join(self.nodes)})")
        return self

    def spec(self, name: str) -> ClusterSpec:
        """Return the cluster under its name. Raises ValidationError where its parts do not fit together."""
        decided = {} if self.failover is None else {"failover": self.failover}
        return ClusterSpec(
            name=name,
            nodes=tuple(NodeSpec(name=node, addresses=addresses) for node, addresses in self.nodes.items()),
            vips=self.vips,
            fencing=self.fencing,
            haproxy_cfg=self.haproxy_cfg,
            channels=self.channels,
            **decided,
        )


class FromTables:
    """Annotates `tuple[ClusterSpec, ...]`: reads it from a table of `ClusterTable`s by name, or takes it as it is."""

    written_as = dict[ClusterName, ClusterTable]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: object, tables: core_schema.ValidatorFunctionWrapHandler) -> tuple[ClusterSpec, ...]:
            if isinstance(value, tuple) and all(isinstance(each, get_args(source)[0]) for each in value):
                return value
            specs = tuple(table.spec(name) for name, table in tables(value).items())
            _refuse_shared_addresses(specs)
            return specs

        return core_schema.no_info_wrap_validator_function(
            read,
            handler.generate_schema(self.written_as),
            serialization=core_schema.plain_serializer_function_ser_schema(_dumped),
        )


def _dumped(specs: tuple[ClusterSpec, ...]) -> list[dict[str, Any]]:
    return [spec.model_dump(mode="json") for spec in specs]


def _refuse_shared_addresses(specs: tuple[ClusterSpec, ...]) -> None:
    held: dict[str, str] = {}
    for spec in specs:
        for location, address in _addresses(spec):
            other = held.setdefault(address, spec.name)
            if other != spec.name:
                raise at((spec.name, *location), f"{address} belongs to cluster {other} already")


def _addresses(spec: ClusterSpec) -> list[tuple[Location, str]]:
    nodes: list[tuple[Location, str]] = [
        (("nodes", node.name), str(address)) for node in spec.nodes for address in node.addresses
    ]
    vips: list[tuple[Location, str]] = [(("vips", index), str(vip.address)) for index, vip in enumerate(spec.vips)]
    return nodes + vips
