"""systemctl of systemd 252, for the services that a cluster has to do with."""

from __future__ import annotations

import time

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.machine import Unit
from sandbox.nodes.tools.words import option

_CHANGES = frozenset(
    {"start", "stop", "restart", "enable", "disable", "reset-failed", "reload", "try-reload-or-restart"}
)


async def systemctl(call: Call) -> Answer:
    """Show units, or change them."""
    words = [word for word in call.args if not word.startswith("-")]
    verb, names = words[0] if words else "", [name.removesuffix(".service") for name in words[1:]]
    if verb == "show":
        await call.takes(0.015)
        wanted = (option(call.args, "--property", "-p") or "").split(",")
        return Answer("\n".join(_shown(name, call.machine.units.get(name), wanted) for name in names))
    if verb == "is-active":
        await call.takes(0.01)
        states = ["active" if call.machine.runs(name) else "inactive" for name in names]
        return Answer("".join(f"{state}\n" for state in states), status=0 if "active" in states else 3)
    if verb == "poweroff":
        call.world.shut_down(call.machine.name)
        return Answer()
    if verb not in _CHANGES:
        return Answer(status=1, stderr=f"Unknown command verb {verb}.\n")
    await call.takes(0.2)
    return _changed(call, verb, names)


def _changed(call: Call, verb: str, names: list[str]) -> Answer:
    """Carry it out for all of them, or up to the first where it does not work."""
    for name in names:
        if name not in call.machine.units:
            what = "Unit file" if verb in {"enable", "disable"} else "Unit"
            tail = (
                f"{what} {name}.service does not exist." if what == "Unit file" else f"Unit {name}.service not found."
            )
            return Answer(status=5 if what == "Unit" else 1, stderr=f"Failed to {verb} unit: {tail}\n")
        if not _change(call, verb, name):
            words_ = f"Job for {name}.service failed because the control process exited with error code.\n"
            return Answer(status=1, stderr=words_)
    return Answer()


def _change(call: Call, verb: str, name: str) -> bool:
    """Carry it out; say whether it worked."""
    world, machine = call.world, call.machine
    unit = machine.units[name]
    match verb:
        case "enable" | "disable":
            unit.enabled = verb == "enable"
            if "--now" not in call.args:
                return True
            if verb == "enable":
                return world.start(machine, name)
            world.stop(machine, name)
        case "start":
            return world.start(machine, name)
        case "stop":
            world.stop(machine, name)
        case "restart":
            world.stop(machine, name)
            return world.start(machine, name)
        case "reload" | "try-reload-or-restart":
            return name != "haproxy" or not unit.active or not world.proxy(machine).problem
        case _:
            pass
    return True


def _shown(name: str, unit: Unit | None, wanted: list[str]) -> str:
    since = unit.since if unit else None
    values = {
        "NRestarts": "0",
        "Id": f"{name}.service",
        "LoadState": "loaded" if unit else "not-found",
        "ActiveState": "active" if unit and unit.active else "inactive",
        "SubState": "running" if unit and unit.active else "dead",
        "UnitFileState": "" if unit is None else "enabled" if unit.enabled else "disabled",
        "ActiveEnterTimestamp": "" if since is None else time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(since)),
    }
    return "".join(f"{key}={value}\n" for key, value in values.items() if key in wanted or wanted == [""])
