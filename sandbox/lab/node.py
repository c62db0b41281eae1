"""One node: its file system, its boot, its end, and commands inside it."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from sandbox.lab import network, repository
from sandbox.lab.base import Base
from sandbox.lab.cgroup import NodeGroup
from sandbox.lab.errors import LabError
from sandbox.lab.host import run, run_folder, state_folder
from sandbox.lab.plan import LabPlan, NodePlan

BOOT_TAKES_AT_MOST_S = 120.0
POLL_S = 0.05

# Joins the node's control groups, then leaves systemd-nspawn running by itself: no child for the caller to reap.
_ENTER_GROUPS = """
set -eu
while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done
shift
exec setsid --fork "$@"
"""

_ENVIRONMENT = ("HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")


class Node:
    """A node of a lab that is being, or has been, brought up."""

    def __init__(self, lab: LabPlan, plan: NodePlan) -> None:
        """Find what exists of the node; nothing is made yet."""
        self.lab = lab
        self.plan = plan
        self.folder = state_folder() / lab.name / plan.name
        self.root = self.folder / "root"
        self.group = NodeGroup(lab.name, plan.name)

    @property
    def private_host_key(self) -> Path:
        """Kept over resets, so that whoever trusted the node goes on trusting it."""
        return run_folder() / self.lab.name / f"{self.plan.name}.host_key"

    @property
    def public_host_key(self) -> Path:
        """The other half of it."""
        return self.private_host_key.with_name(f"{self.private_host_key.name}.pub")

    @property
    def console(self) -> Path:
        """What the node printed while it booted."""
        return run_folder() / self.lab.name / f"{self.plan.name}.console"

    def make_host_key(self) -> str:
        """Make the node's SSH host key; its lines for a known_hosts file."""
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.plan.name, "-f", str(self.private_host_key)])
        kind, key, _ = self.public_host_key.read_text().split(" ")
        return f"{','.join((self.plan.name, *self.plan.addresses))} {kind} {key}\n"

    def lay_file_system(self, base: Base, authorized_key: str) -> None:
        """Mount a fresh overlay over the base and write what makes it this node."""
        self.remove_file_system()
        upper, work = self.folder / "upper", self.folder / "work"
        for folder in (upper, work, self.root):
            folder.mkdir(parents=True)
        lower = base.bare if self.lab.bare else base.ready
        layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
        run(["mount", "-t", "overlay", "hacluster-lab", "-o", layers, str(self.root)])
        self._write("etc/hostname", f"{self.plan.name}\n")
        self._write("etc/hosts", self.lab.hosts_file)
        self._write("etc/machine-id", f"{uuid.uuid4().hex}\n")
        self._write("etc/ssh/ssh_host_ed25519_key", self.private_host_key.read_text(), mode=0o600)
        self._write("etc/ssh/ssh_host_ed25519_key.pub", self.public_host_key.read_text())
        for home, owner in (("root", "root"), ("home/ops", "ops")):
            folder = self.root / home / ".ssh"
            folder.mkdir(mode=0o700, exist_ok=True)
            (folder / "authorized_keys").write_text(authorized_key)
            user = self._user(owner)
            for path in (folder, folder / "authorized_keys"):
                shutil.chown(path, *user)

    def remove_file_system(self) -> None:
        """Forget all the node ever wrote."""
        if self.root.is_mount():
            try:
                run(["umount", str(self.root)])
            except LabError:  # someone's shell stands in it; the mount ends when they leave
                run(["umount", "--lazy", str(self.root)])
        run(["rm", "--recursive", "--force", "--one-file-system", str(self.folder)])

    def start(self, base: Base) -> None:
        """Connect the cables and switch the node on; `wait_until_up` tells when it has booted."""
        network.connect(self.lab, self.plan)
        self.group.make()
        namespace = self.lab.namespace(self.plan)
        nspawn = [
            *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"),
            *(f"--machine={namespace}", f"--hostname={self.plan.name}", f"--directory={self.root}"),
            *(f"--network-namespace-path=/run/netns/{namespace}", "--resolv-conf=off", "--console=pipe"),
            # Clock and kernel are the host's own, and no node may turn them; corosync wants most of the rest.
            *("--capability=all", "--drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE"),
            f"--bind-ro={base.packages}:{repository.INSIDE}",
        ]
        groups = [str(folder) for folder in self.group.folders]
        with self.console.open("ab") as console:
            subprocess.run(
                ["/bin/sh", "-c", _ENTER_GROUPS, "boot", *groups, "--", *nspawn],
                # Without it /proc/sys/net is read-only inside: no `sysctl net.ipv4.ip_nonlocal_bind=1`.
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                check=True,
            )

    def wait_until_up(self) -> None:
        """Wait until the boot has ended and sshd answers."""
        deadline = time.monotonic() + BOOT_TAKES_AT_MOST_S
        while not (self._has_booted() and self._sshd_answers()):
            if time.monotonic() > deadline:
                late = f"{self.plan.name} has not booted within {BOOT_TAKES_AT_MOST_S:.0f} s"
                raise LabError(f"{late}; what its console said: {self.console}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Power loss: silent at once, then dead. Does nothing to a node that is off."""
        network.go_silent(self.lab, self.plan)
        self.group.kill()
        network.disconnect(self.lab, self.plan)

    def remove(self) -> None:
        """Leave nothing of the node behind."""
        self.stop()
        self.remove_file_system()
        self.group.remove()

    def exec(self, argv: Sequence[str], text: str | None, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root, not over the network.

        `LabError` if the node is off, or if time runs out: the command is then killed.
        """
        init = self.group.init()
        if init is None:
            raise LabError(f"{self.plan.name} is off")
        # The inner timeout ends what the outer one would leave running inside.
        inside = ["env", "--ignore-environment", *_ENVIRONMENT, "timeout", "--signal=KILL", str(timeout + 1), *argv]
        try:
            return subprocess.run(
                ["nsenter", "--all", f"--target={init}", *inside],
                input=text or "",
                capture_output=True,
                text=True,
                errors="backslashreplace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            raise LabError(f"{self.plan.name}: {' '.join(argv)}: not done after {timeout:g} s") from expired

    def _has_booted(self) -> bool:
        if self.group.init() is None:
            return False
        state = self.exec(["systemctl", "is-system-running"], None, BOOT_TAKES_AT_MOST_S).stdout.strip()
        return state in ("running", "degraded")  # degraded: some service of the fresh install failed, which is as real

    def _sshd_answers(self) -> bool:
        """Asked inside its own namespace: a cut must not make a boot look failed."""
        return self.exec(["ss", "-Hltn", "sport = :22"], None, BOOT_TAKES_AT_MOST_S).stdout != ""

    def _write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        target = self.root / path
        target.unlink(missing_ok=True)
        target.touch(mode=mode)
        target.write_text(text)

    def _user(self, name: str) -> tuple[int, int]:
        """The node's own numbers for a user, which the host's may not know."""
        for line in (self.root / "etc/passwd").read_text().splitlines():
            login, _, user, group, *_ = line.split(":")
            if login == name:
                return int(user), int(group)
        raise LabError(f"{self.plan.name} has no user {name}")
