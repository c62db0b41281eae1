"""An HAProxy cluster in Pacemaker's configuration (the CIB): what should be there, and how it gets there.

HAProxy runs as a clone on every node, and each floating IP needs a running HAProxy beside it. With failover `approved`,
each floating IP has a home node and a gate (`commands.gates`). With failover `automatic`, floating IPs keep apart by a
finite score. What is there is never changed, only what is missing is added; what contradicts is a conflict for people.
Only the turn from one way of failing over to the other (`modes`) takes constraints away.
"""

from __future__ import annotations

from commands.configuration.conflicts import conflicts
from commands.configuration.draft import DRAFT, ORIGINAL, draft_commands, push_command, redraft_commands, seed_command
from commands.configuration.elements import APART
from commands.configuration.modes import Turn, floating_ips, turn_to
from commands.configuration.resources import CLONE, PROXY, Vip, fence_devices, vips
from commands.configuration.wanted import SEED_DEADTIME, SEED_DEADTIMES, missing

__all__ = [
    "APART", "CLONE", "DRAFT", "ORIGINAL", "PROXY", "SEED_DEADTIME", "SEED_DEADTIMES", "Turn", "Vip", "conflicts", "draft_commands",
    "fence_devices", "floating_ips", "missing", "push_command", "redraft_commands", "seed_command", "turn_to", "vips",
]  # fmt: skip
