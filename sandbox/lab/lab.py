"""A lab: nodes brought up together, hurt, healed and taken down."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.lab import network
from sandbox.lab.base import Base, base
from sandbox.lab.errors import LabError
from sandbox.lab.host import locked, require, run, run_folder, state_folder
from sandbox.lab.node import Node
from sandbox.lab.plan import NUMBERS, LabPlan

DESCRIPTION = "lab.json"
SSH_CONFIG = """Host {name}
  HostName {address}
  User root
  IdentityFile {key}
  IdentitiesOnly yes
  UserKnownHostsFile {known_hosts}
  StrictHostKeyChecking yes
"""
EXEC_TIMEOUT_S = 60.0


class Lab:
    """A lab that exists on this machine, found by its name from any process.

    As a context manager it takes itself down at the end.
    """

    def __init__(self, plan: LabPlan) -> None:
        """Take hold of a planned lab; `up` and `find` are the ways in."""
        self.plan = plan
        self._nodes = {node.name: Node(plan, node) for node in plan.nodes}

    @classmethod
    def up(
        cls,
        name: str,
        nodes: Sequence[str] = ("n1", "n2"),
        *,
        debian: int = 12,
        bare: bool = False,
        links: int = 1,
    ) -> Self:
        """Build a lab and boot its nodes; returns when all have booted. On any failure what was built goes again.

        `bare` nodes have only systemd and sshd, and install the rest from a repository inside the lab.
        """
        require()
        root = base(debian)  # before a number is taken: building may take minutes
        lab = cls(_reserve(name, tuple(nodes), debian=debian, bare=bare, links=links))
        try:
            lab._base_link.symlink_to(root.folder)
            network.lay_bridges(lab.plan)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"hacluster lab {name}", "-f", str(lab.key)])
            lab.known_hosts.write_text("".join(node.make_host_key() for node in lab._nodes.values()))
            lab.ssh_config.write_text(lab._ssh_config())
            lab._boot_afresh()
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def find(cls, name: str) -> Self:
        """The lab of that name, or `LabError`."""
        try:
            described = json.loads((run_folder() / name / DESCRIPTION).read_text())
        except FileNotFoundError:
            raise LabError(f"there is no lab {name!r}; up now: {', '.join(names()) or 'none'}") from None
        return cls(LabPlan(**{**described, "node_names": tuple(described["node_names"])}))

    def __enter__(self) -> Self:
        """Use the lab until the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the lab down."""
        self.down()

    @property
    def name(self) -> str:
        """The lab's name on this machine."""
        return self.plan.name

    @property
    def nodes(self) -> Mapping[str, tuple[str, ...]]:
        """Every node's name and its address on each link."""
        return {node.name: node.addresses for node in self.plan.nodes}

    @property
    def gateway(self) -> str:
        """This machine's own address on the first link."""
        return self.plan.gateway()

    @property
    def key(self) -> Path:
        """The private SSH key that logs in as `root` and as `ops` (a plain user: no sudo until a test allows some)."""
        return run_folder() / self.name / "key"

    @property
    def known_hosts(self) -> Path:
        """All nodes' host keys, under their names and addresses."""
        return run_folder() / self.name / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """A configuration for OpenSSH's client: `ssh -F FILE n1` is a root shell, `ssh -F FILE ops@n1` a plain one."""
        return run_folder() / self.name / "ssh_config"

    def free_address(self, k: int) -> str:
        """The k-th address (1-100) that no node uses: for floating IPs."""
        return self.plan.free_address(k)

    def is_on(self, node: str) -> bool:
        """Whether the node runs."""
        return self._node(node).group.init() is not None

    def exec(
        self,
        node: str,
        argv: Sequence[str],
        input: str | None = None,  # noqa: A002 (the name that subprocess.run has for it)
        *,
        timeout: float = EXEC_TIMEOUT_S,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a node as root, with `input` to read; works however cut off the node is.

        Raises `LabError` if the node is off, after `timeout` seconds, and with `check` for any exit status but 0.
        """
        done = self._node(node).exec(argv, input, timeout)
        if check and done.returncode != 0:
            words = done.stderr.strip() or done.stdout.strip()
            raise LabError(f"{node}: {' '.join(argv)}: exit status {done.returncode}: {words}")
        return done

    def power_off(self, node: str) -> None:
        """Take a node's power away: no goodbye, silent from now on. What it wrote stays on its disk."""
        self._node(node).stop()

    def power_on(self, node: str) -> None:
        """Switch a node on and wait until it has booted; cuts go on. `LabError` if it is on already."""
        if self.is_on(node):
            raise LabError(f"{node} is on")
        self._node(node).stop()  # a node that shut itself down still has its namespace
        self._node(node).start(self._base)
        self._node(node).wait_until_up()

    def freeze(self, node: str) -> None:
        """Stop all that runs on a node, as a paused virtual machine: its kernel still answers, its programs do not."""
        self._node(node).group.freeze(frozen=True)

    def thaw(self, node: str) -> None:
        """Let a frozen node go on."""
        self._node(node).group.freeze(frozen=False)

    def cut(self, a: str, b: str | None = None, *, link: int | None = None) -> None:
        """Cut two nodes off each other (this machine still reaches both), or one node off all others and this machine.

        On one link (from 0) or on all.
        """
        network.cut(self.plan, self.plan.node(a), None if b is None else self.plan.node(b), link=link)

    def cut_host(self, node: str) -> None:
        """Cut a node off this machine; the other nodes still reach it."""
        network.cut_host(self.plan, self.plan.node(node))

    def heal(self) -> None:
        """Undo all cuts."""
        network.heal(self.plan)

    def reset(self) -> None:
        """Put all nodes back as they were at first: disks forgotten, cuts healed. Addresses and SSH keys stay."""
        self.heal()
        for node in self._nodes.values():
            node.stop()
            node.remove_file_system()
        self._boot_afresh()

    def down(self) -> None:
        """Leave nothing of the lab: processes, mounts, namespaces, bridges, filters, folders. Half-built labs too."""
        for node in self._nodes.values():
            node.remove()
        network.remove_bridges(self.plan)
        shutil.rmtree(state_folder() / self.name, ignore_errors=True)
        shutil.rmtree(run_folder() / self.name, ignore_errors=True)

    def _boot_afresh(self) -> None:
        authorized_key = self.key.with_suffix(".pub").read_text()
        for node in self._nodes.values():
            node.lay_file_system(self._base, authorized_key)
            node.start(self._base)
        for node in self._nodes.values():
            node.wait_until_up()

    @property
    def _base_link(self) -> Path:
        return run_folder() / self.name / "base"

    @property
    def _base(self) -> Base:
        """What this lab was made from, whatever the recipe has become since."""
        return Base(self._base_link.readlink())

    def _ssh_config(self) -> str:
        return "".join(
            SSH_CONFIG.format(name=name, address=addresses[0], key=self.key, known_hosts=self.known_hosts)
            for name, addresses in self.nodes.items()
        )

    def _node(self, name: str) -> Node:
        return self._nodes[self.plan.node(name).name]


def names() -> list[str]:
    """Names of all labs on this machine, half-built ones included."""
    return sorted(path.parent.name for path in run_folder().glob(f"*/{DESCRIPTION}"))


def sweep() -> None:
    """Take down every lab, and what is left of labs whose description a reboot of this machine has lost."""
    for name in names():
        Lab.find(name).down()
    shutil.rmtree(state_folder(), ignore_errors=True)


def _reserve(name: str, nodes: tuple[str, ...], *, debian: int, bare: bool, links: int) -> LabPlan:
    """Take a free number and write the lab down before anything of it exists, so that `down` can always find it."""
    run_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(run_folder() / "lock"):
        if name in names():
            raise LabError(f"lab {name!r} is up already; this takes it down: python -m sandbox lab down {name}")
        taken = network.numbers_in_use() | {Lab.find(other).plan.number for other in names()}
        number = next((n for n in NUMBERS if n not in taken), None)
        if number is None:
            raise LabError(f"{len(NUMBERS)} labs are up: no network is free")
        plan = LabPlan(name, number, nodes, debian=debian, bare=bare, links=links)
        (run_folder() / name).mkdir(exist_ok=True)
        unfinished = run_folder() / name / f"{DESCRIPTION}.unfinished"
        unfinished.write_text(json.dumps(asdict(plan)))
        unfinished.rename(run_folder() / name / DESCRIPTION)
        return plan
