"""Fixed shell scripts, told apart by the tools that they mention, and answered as they would answer.

No shell is played: each entry knows what a script of its kind prints. One that mentions nothing known here is an unknown
command, so a script that changes its form is noticed at once.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
from collections.abc import Iterable

from sandbox.nodes.call import Answer, Call, Tool
from sandbox.nodes.cib import empty
from sandbox.nodes.machine import HAPROXY_CFG, Machine
from sandbox.nodes.packages import PACKAGES
from sandbox.nodes.tools.cib import push_difference, query_into_file
from sandbox.nodes.tools.crm_simulate import simulate
from sandbox.nodes.tools.haproxy import checked
from sandbox.nodes.tools.haproxy_stat import show
from sandbox.nodes.world import same_subnet

_SILENCE, _NOBODY = 0.5, 0.4
"""Seconds: the real scripts give up on a silent port after 2, and on an address nobody answers for after 1.3."""


def find(script: str) -> Tool | None:
    """Return what plays a script, or None."""
    return next((tool for mentions, tool in _KINDS if all(one in script for one in mentions)), None)


def _tagged(lines: Iterable[str]) -> Answer:
    return Answer("".join(f"{line}\n" for line in (*lines, "end")))


async def _packages(call: Call) -> Answer:
    await call.takes(0.02)
    versions = call.machine.packages
    asked = [name for pattern in call.args for name in sorted(versions) if fnmatch.fnmatchcase(name, pattern)]
    return _tagged(f"installed {name} {versions[name]}" for name in asked)


async def _firewall(call: Call) -> Answer:
    await call.takes(0.01)
    return _tagged(["inactive"])


async def _resolve(call: Call) -> Answer:
    await call.takes(0.01)
    machines = call.world.machines
    return _tagged(f"at {name} {machines[name].address}" for name in call.args if name in machines for _ in range(3))


async def _connect(call: Call) -> Answer:
    asked = [(call.args[at], int(call.args[at + 1])) for at in range(0, len(call.args), 2)]
    await call.takes(0.02)
    if any(call.world.port_state(*one) == "filtered" for one in asked):
        await call.takes(_SILENCE)
    return _tagged(f"{address} {port} {call.world.port_state(address, port)}" for address, port in asked)


async def _who_has(call: Call) -> Answer:
    await call.takes(0.02)
    if any(_answering(call, address) is None for address in call.args):
        await call.takes(_NOBODY)
    return _tagged(_has(call, address) for address in call.args)


def _answering(call: Call, address: str) -> Machine | None:
    holder = call.world.holder(address)
    heard = holder is call.machine or (holder is not None and call.world.reaches(call.machine, holder))
    return holder if heard else None


def _has(call: Call, address: str) -> str:
    holder = _answering(call, address)
    if holder is call.machine:
        return f"self {address}"
    if not same_subnet(address, call.machine.address):
        return f"unasked {address}"
    return f"nobody {address}" if holder is None else f"has {address} {holder.mac}"


async def _settings(call: Call) -> Answer:
    await call.takes(0.005)
    names = [path.removeprefix("/proc/sys/").replace("/", ".") for path in call.args]
    held = call.machine.settings
    return _tagged(f"is {held[name]}" if name in held else "absent" for name in names)


async def _file(call: Call) -> Answer:
    await call.takes(0.005)
    file = call.machine.files.get(call.args[0])
    if file is None:
        return _tagged(["absent"])
    text = base64.b64encode(file.text.encode()).decode()
    return _tagged([f"mode {file.mode}", f"owner {file.owner}", f"base64 {text}"])


async def _exists(call: Call) -> Answer:
    await call.takes(0.005)
    return _tagged("yes" if path in call.machine.files else "no" for path in call.args)


async def _proxy_config(call: Call) -> Answer:
    await call.takes(0.05)
    text = call.machine.read(HAPROXY_CFG)
    if text is None:
        return _tagged([])
    lines = [f"sum {hashlib.sha256(text.encode()).hexdigest()}", f"sum {_md5(text)}"]
    if "haproxy" in call.machine.packages:
        verdict = checked(text, HAPROXY_CFG)
        lines += [f"package {_md5(PACKAGES['haproxy'].files[HAPROXY_CFG])}", f"check {verdict.status}"]
        lines += [f"said {line}" for line in (verdict.stderr + verdict.stdout).splitlines()]
    return _tagged([*lines, f"file {HAPROXY_CFG}", *(f"config {line}" for line in text.splitlines())])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def _proxy_status(call: Call) -> Answer:
    await call.takes(0.03)
    machine, config = call.machine, call.world.proxy(call.machine)
    if "haproxy" not in machine.packages:
        return _tagged(["not-running haproxy is not installed"])
    if not config.socket:
        return _tagged(["not-running its configuration names no stats socket"])
    if not machine.runs("haproxy"):
        return _tagged([f"not-running nobody listens on {config.socket}"])
    return _tagged(f"answer {line}".rstrip() for line in show(machine, config, call.world.agenda.now))


async def _first_cib(call: Call) -> Answer:
    await call.takes(0.03)
    path, config, owner = call.args
    call.machine.write(path, empty(call.machine.release.feature_set).replace("<crm_config/>", config), "600", owner)
    return Answer()


async def _under_way(call: Call) -> Answer:
    await call.takes(0.01)
    return _tagged([])  # what is sent here ends with whoever sent it


_KINDS: tuple[tuple[tuple[str, ...], Tool], ...] = (
    (("show info;show stat",), _proxy_status),
    (("haproxy -c", "sha256sum"), _proxy_config),
    (("firewall-cmd --list-all",), _firewall),
    (("getent ahosts",), _resolve),
    (("/dev/tcp/",), _connect),
    (("/dev/udp/", "ip neighbour"), _who_has),
    (("dpkg-query --show", "db:Status-Status"), _packages),
    (("base64 --wrap=0", "stat --dereference"), _file),
    (('[ -e "$path" ]', "echo yes"), _exists),
    (('cat "$path"', "'is %s"), _settings),
    (("cibadmin --empty", "mv "), _first_cib),
    (('cibadmin --query >"$1"',), query_into_file),
    (("crm_diff", "cibadmin --patch"), push_difference),
    (("crm_simulate --simulate", "crm_mon --one-shot"), simulate),
    (("/proc/[0-9]*/environ",), _under_way),
)
"""What a script mentions, and what plays it; the first that fits."""
READ_STDIN: frozenset[Tool] = frozenset({simulate})
