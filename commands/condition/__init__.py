"""The condition of a cluster: what its snapshots told, digested, with what is still known of what is silent now."""

from __future__ import annotations

from commands.condition.record import Condition, State, Subject, Topic, from_json, to_json

__all__ = ["READS", "Condition", "State", "Subject", "Topic", "from_json", "to_json"]

READS = ("addresses", "cib", "clock", "cmap", "haproxy", "links", "quorum", "status")
"""The fields of a snapshot that a condition is made from."""
