"""`python -m sandbox nodes`: simulated servers alone, for a bot that runs elsewhere on this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.nodes.ssh import Network
from sandbox.nodes.world import World


def main(argv: Sequence[str]) -> int:
    """Run them until interrupted."""
    parser = argparse.ArgumentParser("python -m sandbox nodes", description=__doc__)
    parser.add_argument("--nodes", default="n1,n2", help="names of the nodes (n1,n2)")
    asked = parser.parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="hacluster-nodes-") as folder:
        asyncio.run(_run(tuple(asked.nodes.split(",")), Path(folder)))
    return 0


async def _run(names: tuple[str, ...], folder: Path) -> None:
    network = Network(World(names), folder)
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


def described(network: Network) -> str:
    """Return what somebody needs to know to use them: the settings, and a command to try."""
    places = network.connect_to
    machines = network.world.machines.values()
    listed = "\n".join(
        f"  {machine.name:<8} {machine.address:<12} at {places[machine.address]}" for machine in machines
    )
    moved = ", ".join(f'"{address}" = "{place}"' for address, place in places.items())
    first = next(iter(machines))
    port = places[first.address].rpartition(":")[2]
    nodes = " ".join(f"{machine.name}={machine.address}" for machine in machines)
    return f"""Simulated bare servers (Debian 12), until Ctrl-C:
{listed}

In hacluster.toml:
  [ssh]
  user = "root"
  keys = ["{network.keys.client}"]
  known_hosts = ["{network.keys.known_hosts}"]
  connect_to = {{{moved}}}

Type:
  /hacluster setup web {nodes} {" ".join(f"--vip {vip}/24" for vip in network.world.vips)} --fencing none --haproxy-cfg haproxy.cfg

Or look yourself:
  ssh -i {network.keys.client} -p {port} -o HostKeyAlias={first.address} -o UserKnownHostsFile={network.keys.known_hosts} root@127.0.0.1 cat /etc/os-release
"""
