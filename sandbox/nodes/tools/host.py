"""What every server has: its user, clock, addresses, names, passwords and kernel settings."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.machine import NIC, PREFIX, Machine


async def true(call: Call) -> Answer:
    """Do nothing."""
    await call.takes(0.001)
    return Answer()


async def user_id(call: Call) -> Answer:
    """Say that one is root."""
    await call.takes(0.002)
    return Answer("0\n" if "-u" in call.args else "uid=0(root) gid=0(root) groups=0(root)\n")


async def hostname(call: Call) -> Answer:
    """Say the machine's name."""
    await call.takes(0.002)
    return Answer(f"{call.machine.name}\n")


async def date(call: Call) -> Answer:
    """Say the time, as seconds since 1970 with or without their fraction."""
    await call.takes(0.001)
    now = call.world.agenda.now
    return Answer(f"{now:.9f}\n" if "+%s.%N" in call.args else f"{int(now)}\n")


async def ip(call: Call) -> Answer:
    """Print addresses as JSON."""
    await call.takes(0.005)
    if call.args[:3] != ("-j", "address", "show"):
        return Answer(status=1, stderr=f"ip: the model plays -j address show only, not {' '.join(call.args)}\n")
    return Answer(json.dumps([_loopback(), _card(call.machine)], separators=(",", ":")) + "\n")


_FOREVER = {"valid_life_time": 4294967295, "preferred_life_time": 4294967295}


def _loopback() -> Mapping[str, object]:
    return {
        "ifindex": 1,
        "ifname": "lo",
        "flags": ["LOOPBACK", "UP", "LOWER_UP"],
        "mtu": 65536,
        "operstate": "UNKNOWN",
        "link_type": "loopback",
        "address": "00:00:00:00:00:00",
        "addr_info": [
            {"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host", "label": "lo", **_FOREVER},
            {"family": "inet6", "local": "::1", "prefixlen": 128, "scope": "host", **_FOREVER},
        ],
    }


def _card(machine: Machine) -> Mapping[str, object]:
    def held(address: str, **more: object) -> Mapping[str, object]:
        network = {"family": "inet", "local": address, "prefixlen": PREFIX, "broadcast": "10.77.0.255"}
        return {**network, "scope": "global", **more, "label": NIC, **_FOREVER}

    return {
        "ifindex": 2,
        "ifname": NIC,
        "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"],
        "mtu": 1500,
        "operstate": "UP",
        "link_type": "ether",
        "address": machine.mac,
        "broadcast": "ff:ff:ff:ff:ff:ff",
        "addr_info": [held(machine.address), *(held(address, secondary=True) for address in machine.floating)],
    }


async def chpasswd(call: Call) -> Answer:
    """Take over passwords, given as `user:password` lines on standard input."""
    await call.takes(0.1)
    for number, line in enumerate(call.stdin.splitlines(), 1):
        user, colon, password = line.partition(":")
        if not colon:
            return Answer(status=1, stderr=f"chpasswd: line {number}: missing new password\n")
        if user != "hacluster" or "pcs" not in call.machine.packages:
            return Answer(
                status=1,
                stderr=f"chpasswd: (user {user}) pam_chauthtok() failed, error:\nAuthentication token manipulation error\n",
            )
        call.machine.password = password
    return Answer()


async def getent(call: Call) -> Answer:
    """Resolve names: every machine has all of them in its /etc/hosts."""
    await call.takes(0.005)
    _, *names = call.args
    found = [call.world.machines[name].address for name in names if name in call.world.machines]
    kinds = ("STREAM", "DGRAM ", "RAW   ")
    lines = [f"{address:<15} {kind} {name}\n" for address, name in zip(found, names, strict=False) for kind in kinds]
    return Answer("".join(lines), status=0 if found else 2)


async def sysctl(call: Call) -> Answer:
    """Apply a file of settings."""
    await call.takes(0.01)
    *_, path = call.args
    text = call.machine.read(path)
    if text is None or "-p" not in call.args:
        return Answer(status=255, stderr=f'sysctl: cannot open "{path}": No such file or directory\n')
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            call.machine.settings[name.strip()] = value.strip()
    return Answer()
