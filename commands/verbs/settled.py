"""Waiting until Pacemaker has done all that follows from a change."""

from __future__ import annotations

from commands.command import Command


def settle(seconds: int = 60) -> Command:
    """Return the command that ends when Pacemaker has nothing more to do, or fails after so many seconds."""
    return Command(("crm_resource", "--wait", f"--timeout={seconds}"), timeout=seconds + 10)
