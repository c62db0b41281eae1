"""What a grant or a rule is for: clusters by name, groups of clusters, or all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, TypeAdapter

from config.inventory import ClusterName

EVERYWHERE = "*"
_GROUP = "@"
_NAME = TypeAdapter[str](ClusterName)

ClusterGroups = Mapping[str, tuple[str, ...]]
"""Names of clusters by the name of their group. They may be of clusters that are yet to be made."""
NO_GROUPS: ClusterGroups = MappingProxyType({})


def _scope(value: str) -> str:
    if value != EVERYWHERE:
        _NAME.validate_python(value.removeprefix(_GROUP))
    return value


Scope = Annotated[str, AfterValidator(_scope)]
"""A cluster's name, `@NAME` for a group of clusters, or `*` for every cluster."""


def covers(scopes: Iterable[str], cluster: str | None, groups: ClusterGroups = NO_GROUPS) -> bool:
    """Whether a cluster is meant. None, for what concerns no single cluster, takes all of them."""
    return any(scope == EVERYWHERE or (cluster is not None and cluster in named(scope, groups)) for scope in scopes)


def named(scope: str, groups: ClusterGroups) -> tuple[str, ...]:
    """Return the clusters that a scope names; none for `*`, which names no single one."""
    if scope == EVERYWHERE:
        return ()
    return tuple(groups.get(scope.removeprefix(_GROUP), ())) if scope.startswith(_GROUP) else (scope,)


def unknown_groups(scopes: Iterable[str], groups: ClusterGroups) -> tuple[str, ...]:
    """Return the groups that are named and that there are not."""
    return tuple(scope for scope in scopes if scope.startswith(_GROUP) and scope.removeprefix(_GROUP) not in groups)
