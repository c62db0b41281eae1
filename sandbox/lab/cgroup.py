"""A node's control group: what belongs to the node, whatever became of the process that started it.

Each node boots in a group of its own. Without it two nodes' systemds would manage one and the same tree and stop
each other's services; with it, the group's members are exactly the node's processes, so that nothing is left behind
after a crash and no process number has to be remembered.
"""

import os
import signal
import time
from pathlib import Path

from sandbox.lab.errors import LabError

PARENT = "hacluster-lab"
NODE_DIES_WITHIN_S = 10.0


def hierarchies(mounts: str) -> tuple[Path, ...]:
    """Where systemd keeps its groups, from the text of /proc/mounts: the v2 tree, then v1's `name=systemd` if mounted."""
    rows = [line.split() for line in mounts.splitlines()]
    unified = [Path(row[1]) for row in rows if row[2] == "cgroup2"]
    named = [Path(row[1]) for row in rows if row[2] == "cgroup" and "name=systemd" in row[3].split(",")]
    return (*unified[:1], *named[:1])


class NodeGroup:
    """The control group of one node of one lab."""

    def __init__(self, lab: str, node: str) -> None:
        """Name the group; nothing is made yet."""
        roots = hierarchies(Path("/proc/mounts").read_text())
        if not roots:
            raise LabError("no control groups are mounted on this machine: systemd cannot boot")
        self.folders = tuple(root / PARENT / lab / node for root in roots)

    def make(self) -> None:
        """Make the group, empty."""
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)

    def members(self) -> list[int]:
        """Numbers of all processes in the group, as the host counts them."""
        found: set[int] = set()
        for folder in self.folders:
            for parent, _, _ in os.walk(folder):
                found.update(_processes(Path(parent)))
        return sorted(found)

    def init(self) -> int | None:
        """The node's own process 1, or None if the node is off."""
        for process in self.members():
            if _innermost_number(process) == 1:
                return process
        return None

    def kill(self) -> None:
        """End the node at once, as a power loss does, and wait until nothing of it runs.

        Its process 1 goes first: the kernel then ends all of the node, and systemd-nspawn ends by itself.
        """
        init = self.init()
        if init is not None:
            _kill(init)
        deadline = time.monotonic() + NODE_DIES_WITHIN_S
        nspawn_has_until = time.monotonic() + NODE_DIES_WITHIN_S / 5
        while members := self.members():
            if time.monotonic() > nspawn_has_until:
                for process in members:
                    _kill(process)
            if time.monotonic() > deadline:
                raise LabError(f"processes that do not end: {members}")
            time.sleep(0.01)

    def remove(self) -> None:
        """Remove the emptied group, and the lab's if this was its last."""
        for folder in self.folders:
            for parent, _, _ in os.walk(folder, topdown=False):
                Path(parent).rmdir()
            for above in (folder.parent, folder.parent.parent):
                try:
                    above.rmdir()
                except OSError:
                    break

    def freeze(self, *, frozen: bool) -> None:
        """Stop or resume every process of the node, as a paused virtual machine."""
        switch = self.folders[0] / "cgroup.freeze"
        if not switch.exists():
            raise LabError("freezing a node needs control groups of version 2")
        switch.write_text("1" if frozen else "0")


def _processes(folder: Path) -> list[int]:
    try:
        text = (folder / "cgroup.procs").read_text()
    except OSError:
        return []  # the group went away with its last process
    return [int(line) for line in text.split()]


def _innermost_number(process: int) -> int | None:
    """The process's number in its own process namespace; None if it has just ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return int(numbers[-1]) if len(numbers) > 1 else None


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
