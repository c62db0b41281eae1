"""apt-get, dpkg and dpkg-query of Debian, with a repository that has just what a cluster needs."""

from __future__ import annotations

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.machine import Machine
from sandbox.nodes.packages import CLUSTER_UNITS, package

_UPDATING, _INSTALLING, _EACH = 0.6, 0.8, 0.12
"""Seconds."""


async def apt_get(call: Call) -> Answer:
    """Update the lists, or install packages and start the services that they bring, as Debian does."""
    words = [word for word in call.args if not word.startswith("-")]
    verb, names = words[0] if words else "", words[1:]
    if verb == "update":
        await call.takes(_UPDATING)
        return Answer(
            f"Hit:1 http://deb.debian.org/debian {call.machine.release.codename} InRelease\nReading package lists...\n"
        )
    if verb != "install":
        return Answer(status=100, stderr=f"E: Invalid operation {verb}\n")
    unknown = [name for name in names if not _exists(call.machine, name)]
    if unknown:
        await call.takes(_UPDATING)
        return Answer(status=100, stderr="".join(f"E: Unable to locate package {name}\n" for name in unknown))
    await call.takes(_INSTALLING)
    lines = ["Reading package lists...", "Building dependency tree...", "Reading state information..."]
    release = call.machine.release
    for new in call.machine.install(names):
        await call.takes(_EACH)
        lines.append(f"Setting up {new.name} ({new.version(release)}) ...")
        for unit in new.units:
            if release.starts_cluster or unit not in CLUSTER_UNITS:
                call.world.start(call.machine, unit)
    return Answer("\n".join(lines) + "\n")


def _exists(machine: Machine, name: str) -> bool:
    try:
        package(name, machine.release)
    except KeyError:
        return False
    return True


async def dpkg(call: Call) -> Answer:
    """Finish installations that were interrupted: here none ever are."""
    await call.takes(0.05)
    if "--configure" not in call.args or "--pending" not in call.args:
        return Answer(status=2, stderr=f"dpkg: error: the model does not play {' '.join(call.args)}\n")
    return Answer()


async def dpkg_query(call: Call) -> Answer:
    """Print name and version of installed packages."""
    await call.takes(0.01)
    names = [word for word in call.args if not word.startswith("-")]
    versions = call.machine.packages
    missing = [name for name in names if name not in versions]
    return Answer(
        "".join(f"{name}\t{versions[name]}\n" for name in names if name in versions),
        status=1 if missing else 0,
        stderr="".join(f"dpkg-query: no packages found matching {name}\n" for name in missing),
    )
