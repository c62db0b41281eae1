"""What the DC of one side has done: resources on their way to where they are to run, and what checks find stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sandbox.nodes import agents
from sandbox.nodes import pacemaker_words as words
from sandbox.nodes.agenda import Agenda
from sandbox.nodes.agents import NOT_RUNNING, Result
from sandbox.nodes.cib import INFINITY, Resource
from sandbox.nodes.machine import Machine
from sandbox.nodes.placement import place

if TYPE_CHECKING:
    from sandbox.nodes.pacemaker import Pacemaker

TRANSITION = 0.05
START = {"systemd": 1.0}
"""Seconds that a resource of a class takes to start; others are quick."""
QUICK = 0.1
_UNITS = {"ms": 0.001, "min": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


@dataclass(frozen=True, slots=True)
class Failure:
    """What the last operation that failed found, how often one did, and when that was in seconds since 1970.

    A start that failed counts as infinitely many: the resource is kept away from there.
    """

    resource: str
    task: str
    interval_ms: int
    at: float
    count: int
    result: Result = NOT_RUNNING

    @property
    def operation(self) -> str:
        """Its key."""
        return f"{self.resource}_{self.task}_{self.interval_ms}"

    @property
    def attributes(self) -> dict[str, str]:
        """What the node carries of it."""
        what = f"{self.resource}#{self.task}_{self.interval_ms}"
        count = "INFINITY" if self.count >= INFINITY else str(self.count)
        return {f"fail-count-{what}": count, f"last-failure-{what}": str(int(self.at))}


class Work:
    """What runs where in the eyes of one side. `since` is when a resource was started on a node."""

    def __init__(self, pacemaker: Pacemaker, machines: Mapping[str, Machine], agenda: Agenda) -> None:
        self.active: dict[str, frozenset[str]] = {}
        self.since: dict[tuple[str, str], float] = {}
        self.failures: dict[tuple[str, str], Failure] = {}
        self.transition = 0
        self._pacemaker = pacemaker
        self._machines = machines
        self._agenda = agenda
        self._looking = False
        self._starting: set[tuple[str, str]] = set()
        self._known: dict[str, Resource] = {}

    @property
    def done(self) -> bool:
        """Whether nothing is under way."""
        return not self._starting and not self._looking

    def look(self) -> None:
        """Compare what is with what should be, in a moment."""
        if not self._looking:
            self._looking = True
            self._agenda.after(TRANSITION, self._transition)

    # What is known of nodes

    def forget(self) -> None:
        """Know nothing any more: the whole side was down."""
        for memory in (self.active, self.since, self.failures):
            memory.clear()

    def take_over(self, other: Work) -> None:
        """Begin with what another side knows."""
        self.active, self.since, self.failures = dict(other.active), dict(other.since), dict(other.failures)
        self._known = dict(other._known)

    def drop(self, name: str) -> None:
        """Count nothing as running on a node."""
        self.active = {resource: where - {name} for resource, where in self.active.items()}

    def probe(self, name: str) -> None:
        """Look what runs on a node that joins: it may have gone on while nobody heard of it."""
        for resource in self._pacemaker.cib.resources():
            if self._runs(resource, name):
                self.active[resource.id] = self.active.get(resource.id, frozenset()) | {name}
                self.since.setdefault((resource.id, name), self._agenda.now)

    def clear(self, name: str) -> None:
        """Stop everything on a node, in the opposite order of starting."""
        for resource in reversed(list(self._pacemaker.cib.resources())):
            if name in self.active.get(resource.id, frozenset()):
                self._stop(resource, name)

    # Checks

    def suspect(self, name: str) -> None:
        """Let what is gone on a node be found by its next check: somebody touched it there."""
        for resource in self._pacemaker.cib.resources():
            interval = self._interval(resource)
            if name in self.active.get(resource.id, frozenset()) and interval and not self._runs(resource, name):
                age = (self._agenda.now - self.since.get((resource.id, name), self._agenda.now)) % interval
                self._agenda.after(interval - age, partial(self._checked, resource, name, interval))

    def _interval(self, resource: Resource) -> float:
        """Return the seconds between two checks, 0.0 for none."""
        element = self._pacemaker.cib.find(resource.id)
        for operation in () if element is None else element.iterfind("operations/op[@name='monitor']"):
            return _seconds(operation.get("interval", "0"))
        return 0.0

    def _runs(self, resource: Resource, name: str) -> bool:
        machine = self._machines.get(name)
        return machine is not None and agents.runs(resource, machine)

    def _checked(self, resource: Resource, name: str, interval: float) -> None:
        pacemaker = self._pacemaker
        known = name in self.active.get(resource.id, frozenset()) and name in pacemaker.online
        rests = pacemaker.maintained or name in pacemaker.resting
        if not known or self._runs(resource, name) or rests or pacemaker.dc is None:
            return
        count = self.failures[resource.id, name].count + 1 if (resource.id, name) in self.failures else 1
        self.active[resource.id] -= {name}
        failure = Failure(resource.id, "monitor", round(interval * 1000), self._agenda.now, count)
        self._failed(failure, name)
        words.planned(self._agenda, self._machines[pacemaker.dc], "Recover", resource.id, name)

    def _failed(self, failure: Failure, name: str) -> None:
        """Write down what failed on a node, and say so."""
        self.failures[failure.resource, name] = failure
        found = failure.result.words
        words.ended(self._agenda, self._machines[name], failure.task, failure.resource, name, found)
        if self._pacemaker.dc_machine is not None:
            words.unexpected(self._agenda, self._pacemaker.dc_machine, self.transition, failure, name)
        for attribute, value in failure.attributes.items():
            self._pacemaker.set_attribute(name, attribute, value)

    def clean_up(self, resource_id: str | None = None, node: str | None = None) -> None:
        """Forget what failed: of a resource or of all, on a node or on all."""
        forgotten = [
            key
            for key in self.failures
            if resource_id in {None, key[0], self._clone(key[0])} and node in {None, key[1]}
        ]
        for resource, name in forgotten:
            del self.failures[resource, name]
            of_it = (f"fail-count-{resource}#", f"last-failure-{resource}#")
            carried = self._pacemaker.transient.get(name, {})
            for attribute in [one for one in carried if one.startswith(of_it)]:
                self._pacemaker.set_attribute(name, attribute, None)

    def _clone(self, resource_id: str) -> str | None:
        return next((one.clone for one in self._pacemaker.cib.resources() if one.id == resource_id), None)

    def refresh(self, node: str | None = None) -> None:
        """Look anew at what runs, on a node or on all, and forget what failed there."""
        self.clean_up(node=node)
        for name in self._pacemaker.online if node is None else {node}:
            for resource in self._pacemaker.cib.resources():
                if resource.cls != "stonith" and not self._runs(resource, name):
                    self.active[resource.id] = self.active.get(resource.id, frozenset()) - {name}
            self.probe(name)
        self._pacemaker.cib.bump(configuration=False)
        self.look()

    # Transitions

    def _transition(self) -> None:
        self._looking = False
        target = self._target()
        if target is None or self._pacemaker.dc is None:
            return
        resources = list(self._pacemaker.cib.resources())
        gone = {*self.active, *(failed for failed, _ in self.failures)} - target.keys()
        removed = [self._known[name] for name in sorted(gone) if name in self._known]
        self._known = {resource.id: resource for resource in resources}
        stops = [
            (resource, name)
            for resource in (*removed, *reversed(resources))
            for name in sorted(self.active.get(resource.id, frozenset()) - target.get(resource.id, frozenset()))
        ]
        starts = [
            (resource, name)
            for resource in resources
            for name in sorted(target[resource.id] - self.active.get(resource.id, frozenset()))
            if (resource.id, name) not in self._starting
        ]
        dc = self._machines[self._pacemaker.dc]
        if stops or starts:
            words.begun(self._agenda, dc)
        for what, some in (("Stop", stops), ("Start", starts)):
            for resource, name in some:
                words.planned(self._agenda, dc, what, resource.id, name)
        for resource, name in stops:
            words.initiated(self._agenda, dc, "stop", resource.id, name)
            self._stop(resource, name)
        for resource in removed:
            self._forget(resource.id)
        for resource, name in starts:
            self._begin(resource, name, dc)
        if stops and not self._starting:
            self._complete(dc)

    def _forget(self, resource_id: str) -> None:
        """Know nothing any more of a resource that was taken out of the configuration."""
        self.active.pop(resource_id, None)
        self.clean_up(resource_id)

    def _complete(self, dc: Machine) -> None:
        words.idle(self._agenda, dc, self.transition)
        self.transition += 1

    def _target(self) -> dict[str, frozenset[str]] | None:
        """Return where everything is to run; None where nothing may be touched."""
        pacemaker = self._pacemaker
        if pacemaker.frozen:
            return None
        resting = pacemaker.resting
        able = [name for name in pacemaker.able() if name not in resting]
        hopeless = {failure.resource for failure in self.failures.values() if failure.result.hopeless}
        wanted = place(pacemaker.cib, able, pacemaker.attributes(), self.active, hopeless)
        if not resting:
            return wanted
        kept = {name: self.active.get(name, frozenset()) & resting for name in wanted}
        clones = {resource.id for resource in pacemaker.cib.resources() if resource.clone}
        # what runs where nobody may touch it is nowhere else
        return {
            name: kept[name] | where if name in clones or not kept[name] else kept[name]
            for name, where in wanted.items()
        }

    def _begin(self, resource: Resource, name: str, dc: Machine) -> None:
        self._starting.add((resource.id, name))
        words.initiated(self._agenda, dc, "start", resource.id, name)
        boot = self._machines[name].boot
        running = resource.cls == "systemd" and self._machines[name].runs(resource.type)
        seconds = QUICK if running else START.get(resource.cls, QUICK)
        self._agenda.after(seconds, lambda: self._begun(resource, name, boot))

    def _begun(self, resource: Resource, name: str, boot: int) -> None:
        self._starting.discard((resource.id, name))
        machine = self._machines[name]
        target = self._target()
        if not machine.powered or machine.boot != boot or not target or name not in target.get(resource.id, ()):
            return
        result = agents.start(resource, machine, self._agenda.now)
        if result is not agents.OK:
            self._failed(Failure(resource.id, "start", 0, self._agenda.now, INFINITY, result), name)
            words.ended(self._agenda, machine, "stop", resource.id, name)
            return
        self.active[resource.id] = self.active.get(resource.id, frozenset()) | {name}
        self.since[resource.id, name] = self._agenda.now
        words.ended(self._agenda, machine, "start", resource.id, name)
        if not self._starting and self._pacemaker.dc is not None:
            self._complete(self._machines[self._pacemaker.dc])
        self._pacemaker.cib.bump(configuration=False)
        self._pacemaker.look()

    def _stop(self, resource: Resource, name: str) -> None:
        machine = self._machines[name]
        agents.stop(resource, machine)
        self.active[resource.id] = self.active.get(resource.id, frozenset()) - {name}
        words.ended(self._agenda, machine, "stop", resource.id, name)
        self._pacemaker.cib.bump(configuration=False)


def _seconds(interval: str) -> float:
    number = interval.rstrip("minhs")
    return float(number or 0) * _UNITS.get(interval[len(number) :], 1.0)
