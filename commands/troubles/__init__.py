"""What is wrong with a cluster now, and which of it has one cause."""

from __future__ import annotations

from commands.troubles.record import ALL_NODES, Severity, Trouble, What

__all__ = ["ALL_NODES", "Severity", "Trouble", "What"]
