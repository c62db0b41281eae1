"""What the bot's token may do in Slack: the same lists as in `config/slack-manifest.yaml`, which a test compares."""

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
HISTORY_SCOPES = frozenset({"channels:history", "groups:history"})
"""Optional: finding a message of unknown fate in public and in private channels, so that it is not sent twice."""
APP_SCOPE = "connections:write"
"""Of the app-level token: Socket Mode."""
