"""Records what the real tools print in each situation, as data for the tests of whatever reads them.

One file per tool and node: `debian12/healthy/crm_mon.n1.json` holds `{argv, stdin, exit, stdout, stderr, node}`.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sandbox.lab import situations
from sandbox.lab.lab import Lab

UNIT_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,NRestarts,ActiveEnterTimestamp,MainPID"
UNITS = "corosync.service pacemaker.service pcsd.service haproxy.service"
HAPROXY_SOCKET = "socat - UNIX-CONNECT:/run/haproxy/admin.sock"

TOOLS = {
    "cibadmin": "cibadmin --query",
    "corosync-cfgtool-links": "corosync-cfgtool -s",
    "corosync-cfgtool-nodes": "corosync-cfgtool -n",
    "corosync-cmapctl": "corosync-cmapctl",
    "corosync-quorumtool": "corosync-quorumtool -s -p",
    "corosync-version": "corosync -v",
    "crm_mon": "crm_mon --output-as=xml --inactive",
    "crm_simulate-loss": "crm_simulate --live-check --simulate --node-fail=n2 --output-as=xml",
    "crm_simulate-stop": "crm_simulate --live-check --simulate --node-down=n2 --output-as=xml",
    "date": "date +%s.%N",
    "haproxy-check": "haproxy -c -q -f /etc/haproxy/haproxy.cfg",
    "haproxy-show-info": HAPROXY_SOCKET,
    "haproxy-show-stat": HAPROXY_SOCKET,
    "haproxy-version": "haproxy -v",
    "ip-address": "ip -j address show",
    "pacemaker-version": "pacemakerd --version",
    "pcs-status-corosync": "pcs status corosync",
    "pcs-status-pcsd": "pcs --request-timeout=5 status pcsd n1 n2",
    "pcs-version": "pcs --version",
    "systemctl-show": f"systemctl show --property={UNIT_PROPERTIES} {UNITS}",
    "timedatectl": "timedatectl show",
}
"""File name and command. `crm_mon` in XML is one-shot by itself in every version."""

STDIN = {"haproxy-show-info": "show info\n", "haproxy-show-stat": "show stat\n"}
"""What a tool is given to read, if anything."""

TELLS_ITS_VERSION = ("-version",)
ONLY_FRESH = "fresh"
"""Versions do not change with the situation: they are recorded in the first."""

Play = Callable[[Lab], Iterator[str]]
PLAYS: Sequence[tuple[tuple[str, ...], Play]] = (
    (("n1", "n2"), situations.of_two_nodes),
    (("n1", "n2", "n3"), situations.of_three_nodes),
)


def record(debian: int, into: Path) -> None:
    """Play every situation on fresh nodes of that Debian and replace what was recorded of it before."""
    folder = into / f"debian{debian}"
    shutil.rmtree(folder, ignore_errors=True)
    for nodes, play in PLAYS:
        with Lab.up(f"record{debian}-{len(nodes)}", nodes, debian=debian) as lab:
            for situation in play(lab):
                sys.stdout.write(f"Debian {debian}: {situation}\n")
                sys.stdout.flush()
                capture(lab, folder / situation)


def capture(lab: Lab, folder: Path) -> None:
    """Write down what every tool says on every node that is on."""
    folder.mkdir(parents=True)
    for node in lab.nodes:
        if not lab.is_on(node):
            continue
        for tool, command in TOOLS.items():
            if tool.endswith(TELLS_ITS_VERSION) and folder.name != ONLY_FRESH:
                continue
            argv, stdin = command.split(), STDIN.get(tool, "")
            done = lab.exec(node, argv, stdin, check=False)
            said = {
                "argv": argv,
                "stdin": stdin,
                "exit": done.returncode,
                "stdout": done.stdout,
                "stderr": done.stderr,
                "node": node,
            }
            (folder / f"{tool}.{node}.json").write_text(json.dumps(said, indent=1) + "\n")
