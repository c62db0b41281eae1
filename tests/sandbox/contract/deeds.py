"""What is done to a cluster in the contract, and by whom: with its own tools, by the bot's verbs, and from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from commands.facts.crm_mon import ClusterStatus
from commands.plan import Plan, Progress, apply
from commands.verbs.setup.verb import VERB as SETUP
from commands.verbs.verb import Desk
from commands.verbs.words import parse, tokens
from sandbox.run.box import HAPROXY_FILES
from tests.operating import Operator
from tests.sandbox.contract.stage import Stage

Deed = Callable[[Stage], Awaitable[None]]
CONFIG = "/etc/haproxy/haproxy.cfg"


def each(*deeds: Deed) -> Deed:
    """Do one after the other."""

    async def do(stage: Stage) -> None:
        for deed in deeds:
            await deed(stage)

    return do


def ran(node: str, *lines: str) -> Deed:
    """Run commands on a node, each of which must end with 0."""

    async def do(stage: Stage) -> None:
        for line in lines:
            await stage.run(node, line)

    return do


def done(line: str) -> Deed:
    """Do what the bot does for a verb, each step proved."""

    async def do(stage: Stage) -> None:
        await Operator(stage.cluster, stage.runner).do(line)

    return do


async def set_up(stage: Stage) -> None:
    """Do what it does for `setup`."""
    nodes = " ".join(f"{node.name}={node.address}" for node in stage.cluster.nodes)
    vips = " ".join(f"--vip {vip.address}/{vip.prefix}" for vip in stage.cluster.vips)
    line = f"web {nodes} {vips} --fencing none --haproxy-cfg haproxy.cfg"
    desk = Desk({}, stage.runner, file=lambda name: Path(HAPROXY_FILES, name).read_text())
    request = SETUP.parse(parse(tokens(line), SETUP.accepts, SETUP.usage), desk)
    assert SETUP.change is not None
    plan = SETUP.change.decide(request, await SETUP.change.look(request, stage.runner))
    assert isinstance(plan, Plan), plan
    ended: list[Progress] = [event async for event in apply(plan, stage.runner) if event.state != "started"]
    problems = [f"{event.step.title}: {event.problem}" for event in ended if event.state != "done"]
    assert not problems, problems


async def nowhere(stage: Stage) -> None:
    """Make a floating IP on a network card that no node has."""
    address = stage.cluster.vips[-1].address + 1
    await stage.run(
        "n1",
        f"pcs resource create vip3 ocf:heartbeat:IPaddr2 ip={address} cidr_netmask=24 nic=nosuch0 op monitor interval=5s",
    )


async def spoiled(stage: Stage) -> None:
    """Take HAProxy's configuration on n1 away, with the failures of before forgotten, and end it there."""
    await ran("n1", "pcs resource cleanup", f"mv {CONFIG} {CONFIG}.kept", "pkill -9 haproxy")(stage)


async def mended(stage: Stage) -> None:
    """Put it back."""
    await ran("n1", f"mv {CONFIG}.kept {CONFIG}", "systemctl reset-failed haproxy", "pcs resource cleanup")(stage)


def off(node: str) -> Deed:
    """Cut a node's power."""

    async def do(stage: Stage) -> None:
        await stage.ground.backing.power_off(node)

    return do


def on(node: str) -> Deed:
    """Give it back."""

    async def do(stage: Stage) -> None:
        await stage.ground.backing.power_on(node)

    return do


def restarted(node: str) -> Deed:
    """Have a node shut itself down in order, and switch it on again."""

    async def do(stage: Stage) -> None:
        await stage.run(node, "systemctl poweroff")
        await stage.until_off(node)
        await stage.ground.backing.power_on(node)

    return do


def fenced(node: str) -> Deed:
    """Wait until Pacemaker has a node fenced; one whose device only says so is given its power back."""

    def so(status: ClusterStatus) -> bool:
        lost = status.node(node)
        return bool(status.fence_events) and lost is not None and not lost.unclean

    async def do(stage: Stage) -> None:
        await Operator(stage.cluster, stage.runner).until(so)
        await stage.ground.fenced(node)

    return do


def cut(*pairs: tuple[str, str]) -> Deed:
    """Cut nodes off each other."""

    async def do(stage: Stage) -> None:
        for one, other in pairs:
            await stage.ground.cut(one, other)

    return do


async def healed(stage: Stage) -> None:
    """Undo all cuts."""
    await stage.ground.backing.heal()
