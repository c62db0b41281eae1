"""The bot, a workspace and nodes together: what `make run` starts, and what whole-path tests drive."""

from sandbox.run.cli import main

__all__ = ["main"]
