"""The buttons of an incident's card. Each stands for words that one could type: so the same door, the same rights."""

from __future__ import annotations

from bot import ids
from bot.conversation import Actor
from bot.incidents import Incident, of_row
from bot.world import World
from commands.errors import UsageError
from commands.troubles import Trouble, What

ACK, SILENCE, END_SILENCE, FAILOVER, STATUS = (
    "incident-ack",
    "incident-silence",
    "incident-silence-end",
    "incident-failover",
    "incident-status",
)
ACTIONS = frozenset({ACK, SILENCE, END_SILENCE, FAILOVER, STATUS})
"""What a button asks for. Its value is the incident's id; after a colon it picks among what the incident offers:
`ID:vip2`, `ID:8h`."""
TIMES = ("1h", "8h")
"""For how long a button silences."""


def failovers(incident: Incident) -> tuple[Trouble, ...]:
    """Return the floating IPs that wait at their gates and may be let go, each with the command as its remedy."""
    return tuple(
        one for one in incident.troubles if one.what is What.VIP_WAITING and one.remedy.startswith("failover ")
    )


async def words(world: World, actor: Actor, action: str, value: str) -> str:
    """Return the words that a pressed button stands for. Raises `UsageError` where it asks for nothing any more.

    What came with the press only selects: what is to be done is the incident's, as it stands now. Of an incident that
    the person may not see, nothing is told: it is not known.
    """
    incident_id, _, choice = value.partition(":")
    row = await world.needed_store().incident(incident_id) if ids.is_id(incident_id) else None
    if row is None or world.policy.role(actor.team, actor.user, actor.groups, row.cluster) is None:
        raise UsageError("that incident is not known", remedy="`/hacluster incidents` lists what there is.")
    incident = of_row(row)
    if action == ACK:
        return f"ack {incident.id}"
    if action == SILENCE and choice in TIMES:
        return f"silence {incident.id} --for {choice}"
    if action == END_SILENCE:
        return f"silence {incident.id} --end"
    if action == STATUS:
        return f"status {incident.cluster}"
    waiting = next((one for one in failovers(incident) if action == FAILOVER and one.subject == choice), None)
    if waiting is None:
        raise UsageError(
            "the incident asks for that no longer", remedy=f"`/hacluster status {incident.cluster}` tells how it is."
        )
    return waiting.remedy
