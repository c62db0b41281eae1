"""`pcs cluster …` of pcs 0.11.5."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sandbox.nodes import corosync_conf
from sandbox.nodes.call import Answer, Call
from sandbox.nodes.cib import Cib
from sandbox.nodes.cib_patch import push
from sandbox.nodes.corosync_conf import Conf
from sandbox.nodes.machine import CIB_XML, COROSYNC_CONF, Machine
from sandbox.nodes.tools.pcs_hosts import reach
from sandbox.nodes.world import World

KEYS = ("/etc/corosync/authkey", "/etc/pacemaker/authkey")
DAEMONS = ("corosync", "pacemaker")
_SETUP, _START, _STOP, _ENABLE, _DESTROY, _PUSH = 1.2, 1.0, 0.8, 0.3, 0.6, 0.3
"""Seconds; the real ones take about twice as long."""


def _conf(machine: Machine) -> Conf | None:
    text = machine.read(COROSYNC_CONF)
    return None if text is None else corosync_conf.parse(text)


def _wipe(world: World, machine: Machine) -> None:
    """Stop what runs of a cluster on a machine, and forget it."""
    world.stop(machine, "corosync")
    for path in (COROSYNC_CONF, CIB_XML, *KEYS):
        machine.files.pop(path, None)
    for name in DAEMONS:
        if name in machine.units:
            machine.units[name].enabled = False


async def setup(call: Call) -> Answer:
    """Make a cluster of hosts that this one may command: their old configuration goes, keys and tokens are spread."""
    name, *words = call.args
    addresses: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("addr="):
            addresses[list(addresses)[-1]].append(word.removeprefix("addr="))
        else:
            addresses[word] = []
    machines, errors = _reached(call, list(addresses))
    if errors:
        return Answer(status=1, stderr=errors + "Error: Errors have occurred, therefore pcs is unable to continue\n")
    taken = [host for host, machine in machines.items() if machine.read(COROSYNC_CONF) is not None]
    if taken:
        return Answer(status=1, stderr=_taken(taken))
    call.world.settle()
    lines = [f"Destroying cluster on hosts: {_quoted(machines)}...\n"]
    for host, machine in machines.items():
        _wipe(call.world, machine)
        lines.append(f"{host}: Successfully destroyed cluster\n")
    await call.takes(_SETUP)
    conf = corosync_conf.new(
        name, [(host, tuple(given or [machines[host].address])) for host, given in addresses.items()]
    )
    _spread(call, conf, machines)
    lines += [f"{host}: successful distribution of the file 'corosync.conf'\n" for host in machines]
    return Answer(stderr="".join(lines) + "Cluster has been successfully set up.\n")


def _spread(call: Call, conf: Conf, machines: dict[str, Machine]) -> None:
    keys = {path: secrets.token_hex(16) for path in KEYS}
    hosts = {name: call.machine.hosts[name] for name in machines}
    for machine in machines.values():
        machine.hosts.update(hosts)
        for path, key in keys.items():
            machine.write(path, key, "400")
        machine.write(COROSYNC_CONF, corosync_conf.render(conf))


def _taken(hosts: list[str]) -> str:
    found = "".join(
        f"Error: {host}: The host seems to be in a cluster already as cluster configuration files have been found on the "
        "host. If the host is not part of a cluster, run 'pcs cluster destroy' on host '"
        f"{host}' to remove those configuration files\n"
        for host in hosts
    )
    return (
        f"{found}Error: Some nodes are already in a cluster. Enforcing this will destroy existing cluster on those nodes. "
        "You should remove the nodes from their clusters instead to keep the clusters working properly, use --force to "
        "override\nError: Errors have occurred, therefore pcs is unable to continue\n"
    )


def _quoted(names: dict[str, Machine]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _reached(call: Call, names: list[str]) -> tuple[dict[str, Machine], str]:
    """Return the machines that take our commands, and pcs's words about the others."""
    machines, errors = {}, ""
    for name in names:
        machine, state = reach(call, name)
        if machine is not None:
            machines[name] = machine
        elif state == "Offline":
            errors += f"Error: {name}: Unable to connect to {name} (Connection timed out)\n"
        else:
            errors += f"Error: {name}: Unable to authenticate to {name} - (HTTP error: 401), try running 'pcs host auth {name}'\n"
    return machines, errors


async def _on_nodes(call: Call, seconds: float, words: str, act: Callable[[Machine], bool]) -> Answer:
    """Do something on the nodes named, on all with --all, or here."""
    conf = _conf(call.machine)
    if conf is None:
        return Answer(status=1, stderr="Error: cluster is not configured on this node\n")
    names = [word for word in call.args if not word.startswith("-")]
    if "--all" in call.args:
        names = [node.name for node in conf.nodes]
    machines, errors = _reached(call, names) if names else ({call.machine.name: call.machine}, "")
    await call.takes(seconds)
    failed = [name for name, machine in machines.items() if machine.powered and not act(machine)]
    errors += "".join(f"Error: {name}: it did not work there\n" for name in failed)
    done = "".join(f"{name}: {words}...\n" for name in machines if name not in failed)
    return Answer(done, status=1 if errors else 0, stderr=errors)


async def start(call: Call) -> Answer:
    """Start corosync and Pacemaker."""
    return await _on_nodes(call, _START, "Starting Cluster", lambda machine: call.world.start(machine, "pacemaker"))


async def stop(call: Call) -> Answer:
    """Stop Pacemaker on all of them, then corosync."""
    answer = await _on_nodes(
        call, _STOP, "Stopping Cluster (pacemaker)", lambda machine: _stop(call, machine, "pacemaker")
    )
    if answer.status:
        return answer
    after = await _on_nodes(
        call, _STOP, "Stopping Cluster (corosync)", lambda machine: _stop(call, machine, "corosync")
    )
    return Answer(answer.stdout + after.stdout, after.status, after.stderr)


def _stop(call: Call, machine: Machine, unit: str) -> bool:
    call.world.stop(machine, unit)
    return True


async def enable(call: Call) -> Answer:
    """Start the daemons at boot from now on."""
    return await _on_nodes(call, _ENABLE, "Cluster Enabled", lambda machine: _boot(machine, wanted=True))


async def disable(call: Call) -> Answer:
    """Do not start them at boot any more."""
    return await _on_nodes(call, _ENABLE, "Cluster Disabled", lambda machine: _boot(machine, wanted=False))


def _boot(machine: Machine, *, wanted: bool) -> bool:
    for name in DAEMONS:
        machine.units[name].enabled = wanted
    return True


async def sync(call: Call) -> Answer:
    """Give this node's corosync.conf to all the others."""
    conf = _conf(call.machine)
    if conf is None:
        return Answer(status=1, stderr="Error: cluster is not configured on this node\n")
    await call.takes(_ENABLE)
    machines, errors = _reached(call, [node.name for node in conf.nodes])
    for machine in machines.values():
        machine.write(COROSYNC_CONF, corosync_conf.render(conf))
    return Answer("".join(f"{name}: Succeeded\n" for name in machines), status=1 if errors else 0, stderr=errors)


async def destroy(call: Call) -> Answer:
    """Forget the cluster on this node: off a terminal it never asks."""
    await call.takes(_DESTROY)
    _wipe(call.world, call.machine)
    words = ("Shutting down pacemaker/corosync services...", "Killing any remaining services...")
    return Answer(stderr="\n".join((*words, "Removing all cluster configuration files...")) + "\n")


async def members(call: Call) -> Answer:
    """List who is a member now."""
    cluster = call.cluster
    if cluster is None:
        return Answer(status=1, stderr="Error: corosync not running\n")
    me = call.name(cluster)
    lines = ["", "Membership information", "----------------------", "    Nodeid      Votes Name"]
    for name in cluster.membership.members(me):
        local = " (local)" if name == me else ""
        lines.append(f"{cluster.conf.node(name).id:>10}          1 {name}{local}")
    return Answer("\n".join(lines) + "\n")


async def cib(call: Call) -> Answer:
    """Write the running configuration into a file."""
    cluster = call.pacemaker
    if cluster is None:
        return Answer(status=1, stderr="Error: unable to get cib\n")
    path, *_ = call.args
    call.machine.write(path, cluster.pacemaker.cib.text(), "600")
    return Answer()


async def cib_push(call: Call) -> Answer:
    """Apply what differs between two files to the running configuration."""
    path, option = call.args[:2]
    wanted, original = call.machine.read(path), call.machine.read(option.removeprefix("diff-against="))
    if wanted is None or original is None:
        return Answer(status=1, stderr=f"Error: unable to parse new cib: {path}: No such file or directory\n")
    await call.takes(_PUSH)
    cluster = call.pacemaker
    if cluster is None:
        return Answer(status=1, stderr="Error: unable to get cib\n")
    if push(cluster.pacemaker.cib, Cib.parse(original), Cib.parse(wanted)):
        cluster.pacemaker.changed("root", "cibadmin", call.name(cluster))
    return Answer(stderr="CIB updated\n")
