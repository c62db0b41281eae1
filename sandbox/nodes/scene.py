"""What `crm_mon` is shown: a cluster as its Pacemaker has it, or as `crm_simulate` imagines it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from sandbox.nodes.cib import Cib
from sandbox.nodes.work import Failure


class Doings(Protocol):
    """What runs where, since when, and what failed."""

    @property
    def active(self) -> Mapping[str, frozenset[str]]: ...

    @property
    def since(self) -> Mapping[tuple[str, str], float]: ...

    @property
    def failures(self) -> Mapping[tuple[str, str], Failure]: ...


class Scene(Protocol):
    """A configuration, the nodes, and what is done with them."""

    @property
    def cib(self) -> Cib: ...

    @property
    def dc(self) -> str | None: ...

    @property
    def quorate(self) -> bool: ...

    @property
    def maintained(self) -> bool: ...

    @property
    def online(self) -> Collection[str]: ...

    @property
    def expected(self) -> Collection[str]: ...

    @property
    def unclean(self) -> Collection[str]: ...

    @property
    def controllers(self) -> Collection[str]: ...

    @property
    def transient(self) -> Mapping[str, Mapping[str, str]]: ...

    @property
    def work(self) -> Doings: ...

    @property
    def changed_at(self) -> float: ...

    @property
    def changed_by(self) -> tuple[str, str, str]: ...

    def attributes(self) -> Mapping[str, Mapping[str, str]]:
        """Return what every node carries, for good and for now."""
        ...
