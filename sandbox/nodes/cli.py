"""`python -m sandbox nodes`: simulated servers alone, for a bot that runs elsewhere on this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import signal
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from sandbox.nodes.login import Keys
from sandbox.nodes.ssh import Network
from sandbox.nodes.world import World

HAPROXY_FILES = Path(__file__).parent.parent / "haproxy"
MOST = 64
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def main(argv: Sequence[str]) -> int:
    """Run them until interrupted."""
    parser = argparse.ArgumentParser("python -m sandbox nodes", description=__doc__)
    parser.add_argument("--nodes", default="n1,n2", help="names of the nodes (n1,n2)")
    asked = parser.parse_args(argv)
    names = tuple(asked.nodes.split(","))
    if len(set(names)) < len(names) or len(names) > MOST or not all(_NAME.fullmatch(name) for name in names):
        parser.error(f"--nodes takes up to {MOST} different host names, as in n1,n2")
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="hacluster-nodes-") as folder:
        asyncio.run(_run(names, Path(folder)))
    return 0


async def _run(names: tuple[str, ...], folder: Path) -> None:
    network = Network(World(names), Keys(folder))
    await network.open()
    try:
        sys.stdout.write(described(network))
        sys.stdout.flush()
        stopped = asyncio.Event()
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
        await stopped.wait()
    finally:
        await network.close()


def settings(network: Network) -> str:
    """Return the settings of a bot that is to reach them, as TOML."""
    moved = ", ".join(f'"{address}" = "{place}"' for address, place in network.connect_to.items())
    return f"""files_dir = "{HAPROXY_FILES}"
[ssh]
user = "root"
keys = ["{network.keys.client}"]
known_hosts = ["{network.keys.known_hosts}"]
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
    return f"""Simulated bare servers (Debian 12), until Ctrl-C:
{listed}

hacluster.toml:
{textwrap.indent(settings(network), "  ")}
Type:
  /hacluster setup web {nodes} {vips} --fencing none --haproxy-cfg haproxy.cfg

Or look yourself:
  ssh -i {network.keys.client} -p {port} {known} root@127.0.0.1 cat /etc/os-release
"""
