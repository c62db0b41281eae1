"""What Pacemaker would do, before it is done: a change as data, the scheduler's answer in words, reality beside it."""

from commands.prediction.ask import predict, prediction
from commands.prediction.changes import (
    ClusterProperty,
    ConstraintAdded,
    ConstraintRemoved,
    FailuresForgotten,
    NodeAttribute,
    NodeBack,
    NodeLost,
    NodeStandby,
    NodeStopped,
    Quorum,
    ResourceStarted,
    ResourceStopped,
    Simulated,
    preferring,
)
from commands.prediction.copy import NotInTheCluster, changed
from commands.prediction.effects import effects
from commands.prediction.reality import difference, under_way
from commands.prediction.record import Prediction, digest
from commands.prediction.votes import Votes, votes_after, with_votes
from commands.prediction.words import headline, in_words

__all__ = [
    "ClusterProperty",
    "ConstraintAdded",
    "ConstraintRemoved",
    "FailuresForgotten",
    "NodeAttribute",
    "NodeBack",
    "NodeLost",
    "NodeStandby",
    "NodeStopped",
    "NotInTheCluster",
    "Prediction",
    "Quorum",
    "ResourceStarted",
    "ResourceStopped",
    "Simulated",
    "Votes",
    "changed",
    "difference",
    "digest",
    "effects",
    "headline",
    "in_words",
    "predict",
    "prediction",
    "preferring",
    "under_way",
    "votes_after",
    "with_votes",
]
