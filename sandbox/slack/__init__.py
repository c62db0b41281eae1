"""A local Slack workspace, honest enough for the real slack_bolt: Web API, Socket Mode, signed HTTP, and a page.

It is a stated model of Slack, written against Slack's documentation, and shares no code with the bot it tests.
"""

from __future__ import annotations

from sandbox.slack.done import Done
from sandbox.slack.front import Front, GuideStep, PanelButton, http_button
from sandbox.slack.grants import Credentials
from sandbox.slack.inputs import NotPossible
from sandbox.slack.records import ApiCall, Delivery, File, Message, Reply, View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import DEMO, App, Channel, Team, User, UserGroup, World

__all__ = [
    "DEMO",
    "ApiCall",
    "App",
    "Channel",
    "Credentials",
    "Delivery",
    "Done",
    "File",
    "Front",
    "GuideStep",
    "Message",
    "NotPossible",
    "PanelButton",
    "Reply",
    "Team",
    "User",
    "UserGroup",
    "View",
    "Workspace",
    "World",
    "http_button",
]
