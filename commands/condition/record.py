"""What is known of a cluster, subject by subject: flat, comparable, and storable as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Topic(StrEnum):
    """What a state is about. The comment is what the subject's name looks like, and the words its state can have."""

    SIGHT = "sight"  # n1: seen, lost (the bot cannot reach it, which says nothing about the node)
    MEMBER = "member"  # n2: joined, left, stopped, disputed, unlisted
    JOINS = "joins"  # n1/n2: how often n2 joined, as n1 counts
    LINK = "link"  # n1/n2/0: up, down, as n1 sees its link 0 to n2; only while both should be members
    QUORUM = "quorum"  # n1: yes, no, stopped
    NODE = "node"  # n2, by Pacemaker's word: online, standby, maintenance, pending, unclean, offline, stopped, down
    FENCED = "fenced"  # n2: its last fencing, "reboot success 2026-11-23 10:00:00Z"
    CLUSTER = "cluster"  # "": normal, maintenance
    DC = "dc"  # n1: the node that decides for Pacemaker, as n1's own sees it
    VIP = "vip"  # vip1: served, doubled, waiting, nowhere, off
    RESOURCE = "resource"  # haproxy@n1 for clones, dummy for others: started, stopped, failed, blocked, off
    PROXY = "proxy"  # n1: up, down
    SERVER = "server"  # n1/backend/server: up, down, maint
    CLOCK = "clock"  # n1: right, skewed
    CONFIGURATION = "configuration"  # "": admin_epoch.epoch


Subject = tuple[Topic, str]


@dataclass(frozen=True, slots=True)
class State:
    """How it stands with one subject.

    `said` is the testimony it was judged on, each source's own words (`("n1 cmap", "joined")`). A silent source's last
    words stay in it: a state changes only when somebody says something else than before, never by silence.
    """

    word: str
    nodes: tuple[str, ...] = ()
    """Where: the holders of a floating IP, the nodes that run a resource, the members that see a node."""
    witnesses: tuple[str, ...] = ()
    """The nodes that said so."""
    detail: str = ""
    """For people."""
    known: bool = True
    """False: it could not be read this time, and this is what was known last."""
    concerns: tuple[str, ...] = ()
    """Nodes that have to do with it, though it is not there: the home of a floating IP that waits, its last holder."""
    remedy: str = ""
    """What to type next, without `/hacluster`; empty where nothing of ours helps."""
    said: tuple[tuple[str, str], ...] = ()
    open_until: float = 0.0
    """Until when it is left open whether this is so, in seconds since 1970; 0.0 where it is not (`condition.meeting`)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The digest of all that was ever read of a cluster, up to one moment."""

    cluster: str
    states: Mapping[Subject, State] = field(default_factory=dict)

    def get(self, topic: Topic, name: str = "") -> State | None:
        """Return the state of a subject, or None where nothing was ever known of it."""
        return self.states.get((topic, name))

    def word(self, topic: Topic, name: str = "") -> str:
        """Return the word for a subject, "" where nothing was ever known of it."""
        state = self.get(topic, name)
        return state.word if state else ""

    def of(self, topic: Topic) -> dict[str, State]:
        """Return the states of a topic by the subjects' names, in their order."""
        return {name: self.states[one, name] for one, name in sorted(self.states) if one is topic}


_LISTS = ("nodes", "witnesses", "concerns")


def to_json(condition: Condition) -> str:
    """Return the condition as JSON text, the same text for the same condition."""
    return json.dumps(
        {
            "cluster": condition.cluster,
            "states": [[*subject, _fields(condition.states[subject])] for subject in sorted(condition.states)],
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def _fields(state: State) -> dict[str, Any]:
    """Return the word, and of the rest what differs from its default."""
    blank = State(state.word)
    told = {name: getattr(state, name) for name in State.__dataclass_fields__}
    return {name: value for name, value in told.items() if name == "word" or value != getattr(blank, name)}


def from_json(text: str) -> Condition:
    """Read what `to_json` wrote. Raises ValueError for anything else, such as what another version wrote."""
    try:
        told = json.loads(text)
        states = {(Topic(topic), str(name)): _state(values) for topic, name, values in told["states"]}
        return Condition(str(told["cluster"]), states)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a condition ({type(error).__name__}: {error})") from error


def _state(values: dict[str, Any]) -> State:
    lists: dict[str, Any] = {name: tuple(values[name]) for name in _LISTS if name in values}
    if "said" in values:
        lists["said"] = tuple((source, words) for source, words in values["said"])
    return State(**(values | lists))
