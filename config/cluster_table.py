"""How a cluster is written in the settings file, and how that becomes a `ClusterSpec`.

    [clusters.web]
    nodes = { n1 = "10.0.0.1", n2 = ["10.0.0.2", "10.1.0.2"] }
    vips = ["10.0.0.10/24@eth0"]
    fencing = "none"

Names, addresses and how they fit together are checked by `config.inventory`; only the writing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from config.inventory import (
    Address,
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
from config.problems import Location, at, together
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
        strangers = sorted(set(self.fencing.per_node) - set(self.nodes)) if self.fencing else ()
        known = ", ".join(self.nodes)
        wrong = [at(("fencing", "per_node", name), f"is no node of this cluster ({known})") for name in strangers]
        try:
            self.spec("checked")
        except ValidationError as error:
            wrong.insert(0, error)
        if wrong:
            raise together(*wrong)
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
            shared = tuple(_shared(value))
            try:
                specs = tuple(table.spec(name) for name, table in tables(value).items())
            except ValidationError as error:
                raise together(error, *shared) from None
            if shared:
                raise together(*shared)
            return specs

        return core_schema.no_info_wrap_validator_function(
            read,
            handler.generate_schema(self.written_as),
            serialization=core_schema.plain_serializer_function_ser_schema(_dumped),
        )


def _dumped(specs: tuple[ClusterSpec, ...]) -> list[dict[str, Any]]:
    return [spec.model_dump(mode="json") for spec in specs]


def _shared(tables: object) -> Iterator[ValidationError]:
    held: dict[Address, str] = {}
    for (name, *location), address in addresses_in(tables):
        other = held.setdefault(address, str(name))
        if other != name:
            yield at((name, *location), f"{address} belongs to cluster {other} already")


def addresses_in(tables: object) -> Iterator[tuple[Location, Address]]:
    """Yield the addresses of nodes and floating IPs that can be read, each with its key below `clusters`.

    As they are written: what else is wrong with a cluster is told by others, and must not hide that an address is taken
    or is where no node may be.
    """
    for name, table in _table(tables).items():
        for node, written in _table(_table(table).get("nodes")).items():
            for each in _list(_one_or_two(written)):
                yield from (((name, "nodes", node), address) for address in _read(_ADDRESS, each))
        for index, written in enumerate(_list(_table(table).get("vips"))):
            yield from (((name, "vips", index), vip.address) for vip in _read(_VIP, written))


_ADDRESS: TypeAdapter[Address] = TypeAdapter(Annotated[HostAddress, BeforeValidator(_address)])
_VIP: TypeAdapter[VipSpec] = TypeAdapter(Annotated[VipSpec, BeforeValidator(_vip)])
_Read = TypeVar("_Read")


def _read(adapter: TypeAdapter[_Read], written: object) -> tuple[_Read, ...]:
    try:
        return (adapter.validate_python(written),)
    except ValidationError:
        return ()


def _table(written: object) -> Mapping[str, object]:
    return written if isinstance(written, Mapping) else {}


def _list(written: object) -> Sequence[object]:
    return written if isinstance(written, list | tuple) else ()
