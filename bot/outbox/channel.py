"""One channel as the outbox knows it: how fast it may be used, and whether it takes anything at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from bot.outbox import pace
from bot.outbox.pace import Turns


class Task(Enum):
    """What can be done for a message. Each is limited by itself, so that none holds up the others."""

    POST = "post"
    EDIT = "edit"
    LOOK = "look"
    """Find out whether a post of unknown fate is there."""


@dataclass(slots=True)
class Lane:
    """One kind of call to one channel: one at a time, in turns."""

    turns: Turns
    busy: bool = False


def _lanes() -> dict[Task, Lane]:
    return {
        # the spare turn is for the first word of an incident: Slack bears two posts at once, not many
        Task.POST: Lane(Turns(pace.POST, spare=1)),
        # as much for an edit that says what is lost, where the card was edited a moment before
        Task.EDIT: Lane(Turns(pace.EDIT, spare=1)),
        Task.LOOK: Lane(Turns(pace.LOOK)),
    }


@dataclass(slots=True)
class Channel:
    """A channel's lanes and state."""

    lanes: dict[Task, Lane] = field(default_factory=_lanes)
    refused: str = ""
    """Slack's word for why it takes nothing; empty while it does."""
    again_at: float = 0.0
    """When a refusing channel is tried again, in monotonic seconds."""
    answers: bool = False
    """Whether the latest call came through."""
    missed: str = "the bot was away"
    """Why it did not get its messages, in the words of a person, when it did not."""

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return any(lane.busy for lane in self.lanes.values())
