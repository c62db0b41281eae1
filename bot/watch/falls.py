"""Why a stream ended, read from how it ended."""

from __future__ import annotations

import re

from bot.watch.news import Cause
from commands.errors import CommandFailed, HaclusterError, SudoRefused, Unreachable
from commands.facts.fact import NOT_FOUND

_DOWN = ("Failed to initialize the cmap API. Error CS_ERR_LIBRARY", "Dispatch error CS_ERR_LIBRARY")
_ABSENT = ("command not found", "failed to run command")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = 300


class Fallen(HaclusterError):
    """A stream that was found useless though nothing failed."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(error: HaclusterError) -> Cause:
    """Return the cause for which a stream ended with this error."""
    match error:
        case Fallen():
            return error.cause
        case Unreachable():
            return Cause.UNREACHABLE
        case SudoRefused():
            return Cause.REFUSED
        case CommandFailed() if any(words in error.output for words in _DOWN):
            return Cause.NOT_RUNNING
        case CommandFailed() if error.status == NOT_FOUND or any(words in error.output for words in _ABSENT):
            return Cause.ABSENT
        case _:
            return Cause.ENDED


def words_of(error: HaclusterError) -> str:
    """Return it in a line for people: the script that failed says less than its last words."""
    said = error.output if isinstance(error, CommandFailed) and error.output else error.message
    return " ".join(_COLOUR.sub("", said).split())[-_LONGEST:]
