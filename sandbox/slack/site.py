"""What every part of one running workspace shares."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.slack.faults import Faults
from sandbox.slack.grants import Credentials, Origin, ResponseUrls, Tickets, Triggers
from sandbox.slack.pace import Pace
from sandbox.slack.records import ApiCall
from sandbox.slack.store import Store
from sandbox.slack.world import World


@dataclass(slots=True)
class Site:
    """State, credentials, things handed out for a while, the log of calls, the faults to come, and the address."""

    store: Store
    credentials: Credentials
    triggers: Triggers
    response_urls: ResponseUrls
    tickets: Tickets
    scopes: tuple[str, ...]
    url: str = ""
    pace: Pace | None = None
    """Enforced where there is one."""
    faults: Faults = field(default_factory=Faults)
    revoked: dict[str, str] = field(default_factory=dict)
    """The kinds of token (`bot`, `app`) that are good no more, with Slack's word for it."""
    calls: list[ApiCall] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The team, its people and its app."""
        return self.store.world

    def response_url(self, origin: Origin) -> str:
        """A new response_url for something that was done at `origin`."""
        return f"{self.url}/response/{self.response_urls.issue(origin)}"
