"""How pcs 0.11.5 gets to command other hosts: `host auth`, `status pcsd`, and whom it reaches."""

from __future__ import annotations

import secrets

from sandbox.nodes import corosync_conf
from sandbox.nodes.call import Answer, Call
from sandbox.nodes.machine import COROSYNC_CONF, KnownHost, Machine

ASKING = 0.3
"""Seconds that pcsd takes to answer."""


def reach(call: Call, name: str) -> tuple[Machine | None, str]:
    """Return the machine whose pcsd takes our commands under this name, or None and `Offline` or its refusal."""
    known = call.machine.hosts.get(name)
    machine = call.world.holder(known.address) if known else call.world.machines.get(name)
    if machine is None or not machine.runs("pcsd"):
        return None, "Offline"
    if known is None or known.token not in machine.issued:
        return None, "Unable to authenticate"
    return machine, "Online"


async def status(call: Call) -> Answer:
    """Say of each host whether its pcsd answers and takes our token."""
    await call.takes(ASKING)
    states = {name: reach(call, name)[1] for name in call.args}
    lines = "".join(f"  {name}: {state}\n" for name, state in states.items())
    return Answer(lines, status=0 if set(states.values()) == {"Online"} else 2)


async def auth(call: Call) -> Answer:
    """Get a token of each host for the password on standard input; every host learns all of them."""
    user, hosts = _asked(call.args)
    await call.takes(2 * ASKING)
    password = call.stdin.partition("\n")[0]
    machines: dict[str, tuple[str, Machine]] = {}
    errors = []
    for name, address in hosts.items():
        machine = call.world.holder(address)
        if machine is None or not machine.runs("pcsd"):
            errors.append(f"Error: Unable to communicate with {name}\n")
        elif user != "hacluster" or machine.password is None or machine.password != password:
            errors.append(f"Error: {name}: Username and/or password is incorrect\n")
        else:
            machines[name] = (address, machine)
    if errors:
        return Answer("Password: ", status=1, stderr="".join(errors) + "Error: Unable to authenticate all nodes\n")
    if _keeps(call.machine, set(hosts)):
        known = {}
        for name, (address, machine) in machines.items():
            token = secrets.token_urlsafe(24)
            machine.issued.add(token)
            known[name] = KnownHost(address, token)
        call.machine.hosts.update(known)
    return Answer("Password: ", stderr="".join(f"{name}: Authorized\n" for name in hosts))


def _asked(args: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Read `-u USER -- NAME addr=ADDRESS …`."""
    words = list(args)
    user = ""
    if "-u" in words:
        at = words.index("-u")
        user = words[at + 1]
        del words[at : at + 2]
    hosts: dict[str, str] = {}
    name = ""
    for word in words:
        if word.startswith("addr="):
            hosts[name] = word.removeprefix("addr=")
        elif word != "--":
            name = word
            hosts[name] = name
    return user, hosts


def _keeps(machine: Machine, hosts: set[str]) -> bool:
    """Say whether tokens are kept: not where corosync.conf names other nodes, whatever pcs then says."""
    text = machine.read(COROSYNC_CONF)
    return text is None or hosts <= {node.name for node in corosync_conf.parse(text).nodes}
