"""`pcs stonith fence` of pcs 0.11.5 and `stonith_admin` of Pacemaker 2.1.5: a node's power, and people who vouch for it."""

from __future__ import annotations

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.tools.words import option

NO_DEVICE, NOT_CONNECTED, USAGE = 105, 102, 64
_FENCING = 1.5
"""Seconds that a device takes."""


async def fence(call: Call) -> Answer:
    """Cut a node's power, if there is a device."""
    await call.takes(_FENCING)
    side = call.pacemaker
    name = next((word for word in call.args if not word.startswith("--")), "")
    if side is None or not side.pacemaker.has_device or name not in side.pacemaker.cib.nodes():
        words = f"Error: unable to fence '{name}'\nstonith_admin: Couldn't fence {name}: No such device\n"
        return Answer(status=1, stderr=words)
    off = "--off" in call.args
    call.world.fence(side.pacemaker.order_fencing(name, call.name(side), off=off), off=off)
    return Answer(stderr=f"Node: {name} fenced\n")


async def stonith_admin(call: Call) -> Answer:
    """Take somebody's word that a node is off (`--confirm NODE`)."""
    await call.takes(0.05)
    side, name = call.pacemaker, option(call.args, "--confirm", "-C")
    if side is None:
        return Answer(status=NOT_CONNECTED, stderr="stonith_admin: Could not connect to fencer\n")
    if name is None:
        return Answer(status=USAGE, stderr=f"stonith_admin: the model does not play {' '.join(call.args)}\n")
    if name not in side.pacemaker.cib.nodes():
        return Answer(status=NO_DEVICE, stderr=f"stonith_admin: Couldn't confirm {name}: No such device\n")
    side.pacemaker.confirm_down(name, call.name(side))
    return Answer()
