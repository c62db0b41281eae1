"""`python -m sandbox nodes`: simulated servers alone, for a bot that runs elsewhere on this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import signal
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.nodes.fleet import MOST as MOST_CLUSTERS
from sandbox.nodes.fleet import Fleet
from sandbox.nodes.login import Keys
from sandbox.nodes.release import RELEASES
from sandbox.nodes.ssh import Network
from sandbox.nodes.world import World

HAPROXY_FILES = Path(__file__).parent.parent / "haproxy"
MOST = 64
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def main(argv: Sequence[str]) -> int:
    """Run them until interrupted."""
    parser = argparse.ArgumentParser("python -m sandbox nodes", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--nodes", default="n1,n2", help="names of bare nodes (n1,n2)")
    what.add_argument("--clusters", type=int, metavar="N", help="N clusters of two nodes instead, set up already")
    parser.add_argument(
        "--debian", type=int, choices=sorted(RELEASES), default=12, help="the release of bare nodes (12)"
    )
    asked = parser.parse_args(argv)
    names = tuple(asked.nodes.split(","))
    if len(set(names)) < len(names) or len(names) > MOST or not all(_NAME.fullmatch(name) for name in names):
        parser.error(f"--nodes takes up to {MOST} different host names, as in n1,n2")
    if asked.clusters is not None and not 1 <= asked.clusters <= MOST_CLUSTERS:
        parser.error(f"--clusters takes a number up to {MOST_CLUSTERS}")
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="hacluster-nodes-") as folder:
        if asked.clusters is None:
            asyncio.run(_run(World(names, debian=asked.debian), Path(folder)))
        else:
            asyncio.run(_run_fleet(asked.clusters, Path(folder)))
    return 0


async def _run(world: World, folder: Path) -> None:
    network = Network(world, Keys(folder))
    await network.open()
    try:
        await _until_interrupted(described(network))
    finally:
        await network.close()


async def _run_fleet(clusters: int, folder: Path) -> None:
    fleet = Fleet(clusters, folder)
    await fleet.open()
    try:
        file = folder / "hacluster.toml"
        file.write_text(fleet_settings(fleet))
        await _until_interrupted(
            f"{clusters} simulated clusters of two nodes (Debian 12), set up already, until Ctrl-C:\n"
            f"  {', '.join(fleet.clusters)}\n\nSettings of a bot that watches them:\n  {file}\n"
        )
    finally:
        await fleet.close()


async def _until_interrupted(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()
    stopped = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    await stopped.wait()


def settings(network: Network) -> str:
    """Return the settings of a bot that is to reach them, as TOML."""
    return _ssh(network.keys, network.connect_to)


def fleet_settings(fleet: Fleet) -> str:
    """Return the settings of a bot that is to know all its clusters, as TOML."""
    lines = []
    for name, values in fleet.settings().items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    return _ssh(fleet.keys, fleet.connect_to) + "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Write a value as TOML: for texts and lists of them it is JSON's form."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value)


def _ssh(keys: Keys, connect_to: Mapping[str, str]) -> str:
    moved = ", ".join(f'"{address}" = "{place}"' for address, place in connect_to.items())
    return f"""files_dir = "{HAPROXY_FILES}"
[ssh]
user = "root"
keys = ["{keys.client}"]
known_hosts = ["{keys.known_hosts}"]
connect_to = {{{moved}}}
"""


def described(network: Network) -> str:
    """Return what somebody needs to know to use them: the settings, and a command to try."""
    places = network.connect_to
    machines = tuple(network.world.machines.values())
    listed = "\n".join(
        f"  {machine.name:<8} {machine.address:<12} at {places[machine.address]}" for machine in machines
    )
    nodes = " ".join(f"{machine.name}={machine.address}" for machine in machines)
    vips = " ".join(f"--vip {vip}/24" for vip in network.world.vips)
    first = machines[0].address
    known = f"-o HostKeyAlias={first} -o UserKnownHostsFile={network.keys.known_hosts}"
    port = places[first].rpartition(":")[2]
    return f"""Simulated bare servers (Debian {machines[0].release.debian}), until Ctrl-C:
{listed}

hacluster.toml:
{textwrap.indent(settings(network), "  ")}
Type:
  /hacluster setup web {nodes} {vips} --fencing none --haproxy-cfg haproxy.cfg

Or look yourself:
  ssh -i {network.keys.client} -p {port} {known} root@127.0.0.1 cat /etc/os-release
"""
