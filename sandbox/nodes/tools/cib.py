"""cibadmin of Pacemaker 2.1.5: it is only ever asked to print."""

from __future__ import annotations

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.cib_status import status
from sandbox.nodes.tools.words import local_time

NOT_CONNECTED = 102


async def cibadmin(call: Call) -> Answer:
    """Print the CIB with its status."""
    await call.takes(0.015)
    if call.args not in {("--query",), ("-Q",)}:
        return Answer(status=64, stderr=f"cibadmin: the model plays --query only, not {' '.join(call.args)}\n")
    cluster = call.pacemaker
    if cluster is None:
        words = "Could not connect to the CIB: Transport endpoint is not connected\nInit failed, could not perform requested operations\n"
        return Answer(status=NOT_CONNECTED, stderr=words)
    pacemaker = cluster.pacemaker
    user, client, origin = pacemaker.changed_by
    shown = pacemaker.cib.copy()
    shown.root.attrib |= {
        "cib-last-written": local_time(pacemaker.changed_at),
        "update-origin": origin,
        "update-client": client,
        "update-user": user,
        "have-quorum": str(int(pacemaker.quorate)),
    }
    if pacemaker.dc is not None:
        shown.root.set("dc-uuid", str(pacemaker.conf.node(pacemaker.dc).id))
    return Answer(shown.text(status(pacemaker, cluster.membership.members(call.name(cluster)))))
