"""What the bot's token may do in Slack: the same list as in `config/slack-manifest.yaml`, which a test compares."""

from __future__ import annotations

BOT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:read",
        "chat:write",
        "commands",
        "files:write",
        "groups:read",
        "usergroups:read",
    }
)
APP_SCOPE = "connections:write"
"""Of the app-level token: Socket Mode."""
