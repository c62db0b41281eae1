"""A fence agent that does nothing, and insists on a password while it does."""

from __future__ import annotations

AGENT = "/usr/sbin/fence_locked"
LOCK = f"""sed 's/"no_password", "status_file"/"login", "passwd", "status_file"/' /usr/sbin/fence_dummy >{AGENT} && chmod 755 {AGENT}"""
"""Makes it, on a node."""
