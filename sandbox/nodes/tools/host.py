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
    now = call.now
    return Answer(f"{now:.9f}\n" if "+%s.%N" in call.args else f"{int(now)}\n")


async def ip(call: Call) -> Answer:
    """Print addresses as JSON, or take one away."""
    await call.takes(0.005)
    if call.args[:2] in {("address", "del"), ("addr", "del"), ("a", "del")} and len(call.args) > _DEL:
        if call.world.remove_address(call.machine.name, call.args[_DEL].partition("/")[0]):
            return Answer()
        return Answer(status=2, stderr="RTNETLINK answers: Cannot assign requested address\n")
    if call.args[:3] != ("-j", "address", "show"):
        return Answer(
            status=1, stderr=f"ip: the model plays -j address show and address del, not {' '.join(call.args)}\n"
        )
    return Answer(json.dumps([_loopback(), _card(call.machine)], separators=(",", ":")) + "\n")


_DEL = 2
"""Where the address stands in `ip address del ADDRESS dev NIC`."""
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
    broadcast = f"{machine.address.rpartition('.')[0]}.255"

    def held(address: str, **more: object) -> Mapping[str, object]:
        network = {"family": "inet", "local": address, "prefixlen": PREFIX, "broadcast": broadcast}
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


async def kill_all(call: Call) -> Answer:
    """End services by name: `killall` and `pkill`, with SIGKILL only."""
    await call.takes(0.005)
    names = [word for word in call.args if not word.startswith("-")]
    units = ["pacemaker" if name == "pacemakerd" else name for name in names]
    running = [unit for unit in units if call.machine.runs(unit)]
    if not {"-9", "-KILL"} & set(call.args):
        return Answer(status=2, stderr="the model ends services with SIGKILL only\n")
    for unit in running:
        call.world.kill(call.machine.name, unit)
    return Answer(status=0 if running else 1)
