"""`report`: how clusters are and were, now, or again and again in a channel."""

from bot.verbs.report.verb import VERB

__all__ = ["VERB"]
