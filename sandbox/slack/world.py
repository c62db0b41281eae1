"""Who and what the workspace consists of, as data: the demo's team, people, channels and the one installed app.

Ids are fixed, since a bot's policy names people by them, and shaped like Slack's own.
"""

from __future__ import annotations

from dataclasses import dataclass

MANIFEST_SCOPES = (
    "app_mentions:read",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:read",
    "usergroups:read",
)
"""What the bot's manifest asks for: the least it can work with."""


@dataclass(frozen=True, slots=True)
class Team:
    """The workspace as Slack calls it."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class User:
    """A person, or the app's bot user. `about` is what the page says of them."""

    id: str
    name: str
    real_name: str
    about: str = ""
    is_bot: bool = False
    color: str = "#616061"


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A group of people that can be mentioned and, in a bot's policy, trusted."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation and who is in it at the start. A direct message has `is_im` and its person in `im_user`."""

    id: str
    name: str
    members: tuple[str, ...]
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    is_im: bool = False
    im_user: str | None = None


@dataclass(frozen=True, slots=True)
class App:
    """The installed app: its ids, its bot user, and the slash commands and events of its manifest."""

    id: str
    bot_id: str
    bot_user: User
    commands: tuple[str, ...] = ("/hacluster",)
    events: tuple[str, ...] = ("app_mention",)
    scopes: tuple[str, ...] = MANIFEST_SCOPES
    escapes_commands: bool = True


@dataclass(frozen=True, slots=True)
class World:
    """The whole workspace before anything happens in it."""

    team: Team
    app: App
    users: tuple[User, ...]
    groups: tuple[UserGroup, ...]
    channels: tuple[Channel, ...]


ADA = User("U0000000ADA", "ada", "Ada Admin", "admin: may do everything", color="#7c3aed")
OLE = User("U0000000OLE", "ole", "Ole Operator", "operator: may operate clusters", color="#0f766e")
PAT = User("U0000000PAT", "pat", "Pat Approver", "approver: says yes or no to others", color="#0369a1")
VIC = User("U0000000VIC", "vic", "Vic Viewer", "viewer: may look", color="#b45309")
EVE = User("U0000000EVE", "eve", "Eve Nobody", "has no role", color="#be123c")
BOT = User("U000000BOT1", "hacluster", "hacluster", "the bot", is_bot=True, color="#1d4ed8")

_PEOPLE = (ADA.id, OLE.id, PAT.id, VIC.id, EVE.id)

DEMO = World(
    team=Team("T00000TEAM1", "Sandbox", "sandbox"),
    app=App(id="A000000APP1", bot_id="B000000BOT1", bot_user=BOT),
    users=(ADA, OLE, PAT, VIC, EVE, BOT),
    groups=(UserGroup("S0000000OPS", "oncall", "On call", (ADA.id, OLE.id)),),
    channels=(
        Channel("C0000000OPS", "ops", (*_PEOPLE, BOT.id), "Clusters: build, watch, operate"),
        Channel("C0000000WEB", "web", (*_PEOPLE, BOT.id), "The web team's own cluster"),
        Channel("C00000RANDM", "random", _PEOPLE, "Anything else; the bot is not in here"),
    ),
)
"""The demo: somebody of each role, somebody without one, and a bot that is in two of three channels."""
