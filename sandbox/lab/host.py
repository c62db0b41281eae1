"""Commands on the machine that carries the lab, and the folders the lab uses there."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.lab.errors import LabError

PREREQUISITES = {
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ssh-keygen": "openssh-client",
}
"""Programs the lab runs and files it reads, and the Debian packages that bring them."""


def cache_folder() -> Path:
    """Where built bases are kept between runs; some 3 GB once all three Debians are built."""
    return Path(os.environ.get("SANDBOX_LAB_CACHE", "/var/cache/hacluster-lab"))


def state_folder() -> Path:
    """Where the nodes' own file systems live while a lab is up; must not be an overlay itself."""
    return Path(os.environ.get("SANDBOX_LAB_STATE", "/var/lib/hacluster-lab"))


def run_folder() -> Path:
    """Where each lab's description, keys and console logs live; emptied by a reboot, like the lab itself."""
    return Path(os.environ.get("SANDBOX_LAB_RUN", "/run/hacluster-lab"))


def missing_packages() -> tuple[str, ...]:
    """Debian packages still to be installed before the lab can work here."""
    return tuple(
        package for needed, package in PREREQUISITES.items() if not (shutil.which(needed) or Path(needed).exists())
    )


def require() -> None:
    """Raise `LabError` unless this machine can carry a lab."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it mounts file systems and makes network namespaces")
    missing = missing_packages()
    if missing:
        raise LabError(f"the lab needs Debian's packages: apt-get install {' '.join(missing)}")


def run(argv: Sequence[str], *, text: str | None = None, check: bool = True) -> str:
    """Run a command on the host and return what it printed; `LabError` with its own words if it fails."""
    done = subprocess.run(argv, input=text or "", capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        words = done.stderr.strip() or done.stdout.strip()
        raise LabError(f"{' '.join(argv)}: exit status {done.returncode}: {words}")
    return done.stdout


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for, then hold, an exclusive lock that ends with the process."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
