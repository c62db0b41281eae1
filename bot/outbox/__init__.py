"""Every message that the bot sends of its own accord: stored, then sent, at a pace that Slack bears, once."""

from bot.outbox.outbox import Outbox

__all__ = ["Outbox"]
