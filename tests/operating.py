"""Somebody who types verbs, confirms every plan, and looks at what came of it; chat is left out.

What is typed is understood, decided and carried out by the functions that the bot calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from commands.command import Runner
from commands.facts.cib import Cib
from commands.facts.crm_mon import ClusterStatus
from commands.facts.fact import Known
from commands.plan import Decision, NothingToDo, Plan, Progress, Refusal, apply
from commands.snapshot import gather
from commands.verbs import CLUSTER_VERBS
from commands.verbs.serving import holders
from commands.verbs.verb import Declared, Desk
from commands.verbs.words import parse, tokens
from config.inventory import ClusterSpec

VERBS = {verb.name: verb for verb in CLUSTER_VERBS}


class Operator:
    """A person with the verbs and a runner."""

    def __init__(self, cluster: ClusterSpec, runner: Runner) -> None:
        self.cluster = cluster
        self.runner = runner

    async def decided(self, text: str) -> Decision:
        """Return what a verb decides about the cluster as it is now."""
        name, *rest = tokens(text)
        verb = VERBS[name]
        assert verb.change is not None
        desk = Desk({self.cluster.name: Declared(self.cluster, "file")}, self.runner)
        request = verb.parse(parse(rest, verb.accepts, verb.usage), desk)
        return verb.change.decide(request, await verb.change.look(request, self.runner))

    async def do(self, text: str) -> Plan:
        """Confirm what is planned; every step must prove itself."""
        plan = await self.decided(text)
        assert isinstance(plan, Plan), f"{text}: {plan}"
        ended: list[Progress] = [event async for event in apply(plan, self.runner) if event.state != "started"]
        problems = [f"{event.step.title}: {event.problem}" for event in ended if event.state != "done"]
        assert not problems, f"{text}: {problems}"
        return plan

    async def do_once(self, text: str) -> Plan:
        """Do it, and find nothing left to do."""
        plan = await self.do(text)
        await self.nothing(text)
        return plan

    async def nothing(self, text: str) -> str:
        """Ask for what is so already."""
        decision = await self.decided(text)
        assert isinstance(decision, NothingToDo), f"{text}: {decision}"
        return decision.summary

    async def refused(self, text: str) -> str:
        """Ask for what is refused, and return why and what to do."""
        decision = await self.decided(text)
        assert isinstance(decision, Refusal), f"{text}: {decision}"
        return "\n".join(f"{reason.text} {reason.remedy}" for reason in decision.reasons)

    async def until(
        self, holds: Callable[[ClusterStatus], bool], at: str = "n1", within: float = 90.0
    ) -> ClusterStatus:
        """Look until a node's view of the cluster is as wanted."""
        async with asyncio.timeout(within):
            while True:
                reading = (await gather(self.cluster, self.runner, ("status",), (at,))).node(at).status
                if isinstance(reading, Known) and isinstance(reading.value, ClusterStatus) and holds(reading.value):
                    return reading.value
                await asyncio.sleep(0.25)

    async def where(self, vip: int) -> tuple[str, ...]:
        """Return which nodes have a floating IP, by their own word."""
        snapshot = await gather(self.cluster, self.runner, ("addresses",))
        return holders(snapshot, str(self.cluster.vips[vip - 1].address))

    async def leftovers(self) -> list[str]:
        """Return the constraints that moves left behind."""
        reading = (await gather(self.cluster, self.runner, ("cib",), ("n1",))).node("n1").cib
        assert isinstance(reading, Known)
        assert isinstance(reading.value, Cib)
        return [one.id for one in reading.value.leftover_moves]


def told(plan: Plan) -> str:
    """Return all that a plan says of itself, its commands left out."""
    return "\n".join((plan.summary, *(risk.text for risk in plan.risks)))
