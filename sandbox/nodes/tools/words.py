"""How tools write what they all write."""

from __future__ import annotations

import time
from collections.abc import Sequence


def local_time(seconds: float) -> str:
    """Write a time as `ctime` does; the machines live in UTC."""
    return time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(seconds))


def yes(value: object) -> str:
    """Write a boolean as Pacemaker's XML has it."""
    return "true" if value else "false"


def option(args: Sequence[str], *names: str) -> str | None:
    """Return an option's value, written `--name VALUE` or `--name=VALUE`."""
    for at, word in enumerate(args):
        if word in names and at + 1 < len(args):
            return args[at + 1]
        for name in names:
            if name.startswith("--") and word.startswith(f"{name}="):
                return word.partition("=")[2]
    return None
