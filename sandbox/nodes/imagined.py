"""A cluster as `crm_simulate` imagines it from a copy of the CIB, and the scheduler at work on it. The world is left alone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.nodes.cib import Cib, Resource
from sandbox.nodes.placement import place
from sandbox.nodes.work import Failure

_ROUNDS = 10
"""What follows another resource comes a moment after it: so many steps are enough for any order of a few resources."""


@dataclass(slots=True)
class Imagination:
    """What runs where in it."""

    active: dict[str, frozenset[str]] = field(default_factory=dict)
    since: dict[tuple[str, str], float] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failure] = field(default_factory=dict)


@dataclass(slots=True)
class Imagined:
    """A cluster read from a CIB with its status. Fencing devices work in it."""

    cib: Cib
    dc: str | None
    quorate: bool
    online: set[str] = field(default_factory=set)
    expected: set[str] = field(default_factory=set)
    unclean: set[str] = field(default_factory=set)
    transient: dict[str, dict[str, str]] = field(default_factory=dict)
    work: Imagination = field(default_factory=Imagination)
    changed_at: float = 0.0
    changed_by: tuple[str, str, str] = ("root", "cibadmin", "")

    @classmethod
    def read(cls, text: str) -> Imagined:
        """Read it from a CIB. Raises ValueError for what is none."""
        cib = Cib.parse(text)
        names = {node_id: name for name, node_id in cib.nodes().items()}
        found = cls(cib, names.get(cib.root.get("dc-uuid", "")), cib.root.get("have-quorum") == "1")
        for state in cib.root.iterfind("status/node_state"):
            name = names.get(state.get("id", ""), state.get("uname", ""))
            lost = state.get("crmd") in {"offline", "0", None}
            if not lost:
                found.online.add(name)
            if state.get("expected") == "member":
                found.expected.add(name)
            pairs = state.iterfind("transient_attributes/instance_attributes/nvpair")
            found.transient[name] = {pair.get("name", ""): pair.get("value", "") for pair in pairs}
            if lost and name in found.expected and found.fences:
                found.unclean.add(name)
            for one in state.iterfind("lrm/lrm_resources/lrm_resource") if not lost or name in found.unclean else ():
                resource = one.get("id", "")
                found.work.active[resource] = found.work.active.get(resource, frozenset()) | {name}
        return found

    def copy(self) -> Imagined:
        """Return another one just like it."""
        return copy.deepcopy(self)

    @property
    def controllers(self) -> set[str]:
        """The nodes whose daemon runs: none is on its way in a copy."""
        return self.online

    @property
    def maintained(self) -> bool:
        """Whether Pacemaker keeps its hands off everything."""
        return self.cib.properties().get("maintenance-mode") == "true"

    @property
    def fences(self) -> bool:
        """Whether a lost node has to be fenced."""
        return self.cib.properties().get("stonith-enabled", "true") == "true"

    @property
    def has_device(self) -> bool:
        """Whether anything could do that."""
        return any(resource.cls == "stonith" for resource in self.cib.resources())

    def attributes(self) -> Mapping[str, Mapping[str, str]]:
        """Return what every node carries, for good and for now."""
        return {name: {**self.cib.node_attributes(name), **self.transient.get(name, {})} for name in self.cib.nodes()}

    # What happens to it

    def lose(self, name: str) -> None:
        """Let a node be gone without a word."""
        self.online.discard(name)
        if self.fences:
            self.unclean.add(name)
        else:
            self._drop(name)

    def stop(self, name: str) -> None:
        """Let a node be down, and known to be."""
        self.online.discard(name)
        self.expected.discard(name)
        self._drop(name)

    def bring(self, name: str) -> None:
        """Let a node join, with nothing running on it."""
        self._drop(name)
        self.online.add(name)
        self.expected.add(name)

    def _drop(self, name: str) -> None:
        self.unclean.discard(name)
        self.work.active = {resource: where - {name} for resource, where in self.work.active.items()}

    def play(self) -> list[str]:
        """Let the scheduler do what it would do; return the nodes it fences."""
        fenced: list[str] = []
        if self.fences and self.has_device and self.quorate:
            fenced = sorted(self.unclean)
            for name in fenced:
                self.stop(name)
        if self.dc is None or self.maintained or self.unclean or (self.fences and not self.has_device):
            return fenced
        for _ in range(_ROUNDS):
            target = self._target()
            if target == self.work.active:
                break
            self.work.active = target
        return fenced

    def _target(self) -> dict[str, frozenset[str]]:
        """Return where everything is to run; what runs on a node in maintenance stays, and nothing starts there."""
        held = self.attributes()
        resting = {name for name in self.online if held.get(name, {}).get("maintenance") in {"on", "true"}}
        able = [name for name in self._able() if name not in resting]
        wanted = place(self.cib, able, held, self.work.active)
        for resource in self.cib.resources():
            kept = self.work.active.get(resource.id, frozenset()) & resting
            if kept:
                wanted[resource.id] = kept | (wanted[resource.id] if resource.clone else frozenset())
        return wanted

    def _able(self) -> list[str]:
        standby = {name for name, held in self.attributes().items() if held.get("standby") == "on"}
        return [name for name in self.cib.nodes() if name in self.online - standby] if self.quorate else []


def moves(before: Imagined, after: Imagined) -> list[tuple[str, Resource, str, str]]:
    """Return what the scheduler did, as (action, resource, from, to), in the words of crm_simulate."""
    found = []
    for resource in after.cib.resources():
        was, is_ = (one.work.active.get(resource.id, frozenset()) for one in (before, after))
        gone, new = sorted(was - is_), sorted(is_ - was)
        if resource.clone is None and gone and new:
            found.append(("Move", resource, gone.pop(), new.pop()))
        # what ran on a lost node is no longer known to run: nothing is stopped there
        known = before.online | before.unclean
        found += [("Stop", resource, name, "") for name in gone if name in known]
        found += [("Start", resource, "", name) for name in new]
    return found
