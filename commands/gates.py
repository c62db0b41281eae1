"""Failover that waits for people: the gate of a floating IP, where it stands, and the commands that open and close it.

A gated resource has a home node. Two rules in the CIB hold it: no other node may run it unless it carries the transient
attribute `hacluster-RESOURCE` (an approval); and a node whose attribute says `away` may not run it, its home included.
Transient attributes go when their node reboots (crm_attribute(8), `--lifetime reboot`), so a node that comes back
brings no old approval along. Setting one takes effect within a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command
from commands.facts.cib import Cib
from commands.facts.cib_constraints import Expression, Rule, approval_attribute
from commands.facts.pacemaker_xml import INFINITY

OPEN, AWAY = "yes", "away"
_ABSENT = frozenset({0, 6, 105})
"""Exit statuses of a deletion: done, or there was none (pacemaker 2.0 says 6, later ones 105 or 0)."""


@dataclass(frozen=True, slots=True)
class GateState:
    """Where a gate stands: the resource's home, and what each node's attribute says."""

    resource: str
    home: str
    attributes: Mapping[str, str]

    @property
    def opened_on(self) -> tuple[str, ...]:
        """The nodes on which an approval is in force."""
        return tuple(sorted(node for node, value in self.attributes.items() if value != AWAY))

    @property
    def sent_away_from(self) -> tuple[str, ...]:
        """The nodes that may not run it, by a person's decision."""
        return tuple(sorted(node for node, value in self.attributes.items() if value == AWAY))


def gate_state(cib: Cib, resource: str) -> GateState | None:
    """Return where the resource's gate stands, or None if it has none."""
    for gate in cib.gates:
        if gate.resource == resource:
            return GateState(resource, gate.home, attributes_of(cib, resource))
    return None


def gate_rule(resource: str) -> str:
    """Return the id that our gates' rules have."""
    return f"gate-{resource}"


def away_rule(resource: str) -> str:
    """Return the id of our rules that keep a resource off nodes whose attribute says `away`."""
    return f"away-{resource}"


def has_away_rule(cib: Cib, resource: str) -> bool:
    """Return whether a node whose attribute says `away` may not run the resource: clusters made elsewhere may lack it."""
    return any(_sends_away(rule, resource) for one in cib.locations if one.resource == resource for rule in one.rules)


def away_constraints(cib: Cib, resource: str) -> tuple[str, ...]:
    """Return the ids of the constraints that say so and nothing else."""
    own = (one for one in cib.locations if one.resource == resource and one.rules)
    return tuple(one.id for one in own if all(_sends_away(rule, resource) for rule in one.rules))


def _sends_away(rule: Rule, resource: str) -> bool:
    sent = Expression("expression", approval_attribute(resource), "eq", AWAY)
    return rule.score == -INFINITY and rule.expressions == (sent,)


def attributes_of(cib: Cib, resource: str) -> Mapping[str, str]:
    """Return what the nodes' attributes say of the resource, whether or not it has a gate."""
    name = approval_attribute(resource)
    return {node: values[name] for node, values in cib.transient_attributes.items() if values.get(name)}


def set_attribute(resource: str, node: str, value: str) -> Command:
    """Return the command that lets the resource run on a node (`yes`) or keeps it off (`away`)."""
    return _crm_attribute("-N", node, "-n", approval_attribute(resource), "-v", value)


def clear_attribute(resource: str, node: str) -> Command:
    """Return the command that takes the attribute off a node, whether or not it is there."""
    command = _crm_attribute("-N", node, "-n", approval_attribute(resource), "-D")
    return Command(command.argv, command.timeout, _ABSENT, changes=True)


def _crm_attribute(*words: str) -> Command:
    return Command(("crm_attribute", "-l", "reboot", *words), timeout=20, changes=True)
