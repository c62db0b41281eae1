"""The `audit` verb: who asked for what and what came of it; whether all of it is still there; and all of it as a file.

It is for admins: what people typed, tried in vain and gave as reasons is not everybody's to read.
"""

from bot.verbs.audit.verb import VERB

__all__ = ["VERB"]
