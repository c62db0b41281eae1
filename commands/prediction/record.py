"""A prediction: what Pacemaker would do, and where everything would be then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commands.facts.crm_mon import ClusterStatus
from commands.facts.crm_simulate import Action, Simulation, base_id


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the scheduler says of a change.

    `before` and `after` are the nodes that surely run each resource, in order of their names; none where it is stopped,
    or where nobody can know since its node is unclean. Instances of a clone count as one resource. `inside` are the
    clone and the group that a resource is in. `unclean` are nodes of which nobody would know what runs there.
    """

    actions: tuple[Action, ...]
    before: Mapping[str, tuple[str, ...]]
    after: Mapping[str, tuple[str, ...]]
    quorate: bool
    had_quorum: bool
    unclean: tuple[str, ...] = ()
    inside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def gone(self, resource: str) -> tuple[str, ...]:
        """Return the nodes on which the resource runs and would not any more."""
        return tuple(node for node in self.before.get(resource, ()) if node not in self.after.get(resource, ()))

    def new(self, resource: str) -> tuple[str, ...]:
        """Return the nodes on which the resource does not run and would."""
        return tuple(node for node in self.after.get(resource, ()) if node not in self.before.get(resource, ()))

    @property
    def stopped(self) -> tuple[str, ...]:
        """The resources that run somewhere and would run nowhere."""
        return tuple(resource for resource, nodes in self.before.items() if nodes and not self.after.get(resource))


def prediction_of(simulation: Simulation, *, had_quorum: bool) -> Prediction:
    """Return what a simulation says. `had_quorum` is from before the changes: the simulation begins after them."""
    after = simulation.after
    return Prediction(
        actions=simulation.actions,
        before=places(simulation.before),
        after=places(after),
        quorate=after.quorate,
        had_quorum=had_quorum,
        unclean=tuple(sorted(node.name for node in after.nodes if node.unclean)),
        inside={base_id(one.id): tuple(name for name in (one.clone, one.group) if name) for one in after.resources},
    )


def places(status: ClusterStatus) -> Mapping[str, tuple[str, ...]]:
    """Return the nodes that surely run each resource, in whatever role."""
    sure = {node.name for node in status.nodes if node.online and not node.unclean}
    found: dict[str, set[str]] = {}
    for one in status.resources:
        nodes = sure.intersection(one.nodes) if one.active else ()
        found.setdefault(base_id(one.id), set()).update(nodes)
    return {resource: tuple(sorted(nodes)) for resource, nodes in sorted(found.items())}


def digest(prediction: Prediction) -> tuple[str, ...]:
    """Return the prediction as words that are the same for the same prediction: for a plan's fingerprint.

    Only what would happen: where things are that stay where they are is no part of it, so that a change elsewhere
    leaves it as it is. What ran on a node that goes down is gone without an action, so places count too.
    """
    done = {
        f"{action.kind} {action.resource}: {action.source or '-'} > {action.target or '-'}"
        + (" (blocked)" if action.blocked else "")
        for action in prediction.actions
    }
    placed = (
        f"{resource} on {', '.join(nodes) or 'no node'}"
        for resource, nodes in prediction.after.items()
        if nodes != prediction.before.get(resource, ())
    )
    unclean = (f"{node} unclean" for node in prediction.unclean)
    return (*sorted(done), *sorted(placed), *sorted(unclean), "quorum" if prediction.quorate else "no quorum")
