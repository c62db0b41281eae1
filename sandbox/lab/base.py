"""The cached file systems that nodes boot from, built once per Debian release.

`bare` is Debian's minimal base with systemd and sshd; `ready` is that with the cluster packages, as a fresh
`apt-get install` leaves them; `packages` is the repository the installs came from. All three are built in one go in a
temporary folder and renamed into place, under a lock, so that a crash leaves nothing half-built and two processes do
not build the same. The folder's name carries a hash of the recipe: a changed recipe is a new base.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox.lab import repository
from sandbox.lab.debian import ALL_FENCE_AGENTS, SYSTEM, Release, mirror, release
from sandbox.lab.host import cache_folder, locked, run

ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Whatever a build mounts or starts goes with it, however it ends."""

# $1: the root.
_IN_CHROOT = """
set -eu
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
root=$1; shift
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 "$@"
"""

# Key login for root is Debian's default. `ops` is the person who has to use sudo; what for, a test decides.
_FINISH_BARE = """
set -eu
useradd --create-home --shell /bin/bash ops
rm -f /etc/ssh/ssh_host_*
rm -rf /var/lib/apt/lists/*
: >/etc/resolv.conf
echo 'force-unsafe-io' >/etc/dpkg/dpkg.cfg.d/lab
"""

# Packages must not start services while there is no system to start them in. $1: the cluster packages, $2: what else
# the repository is to hold.
_INSTALL = """
set -eu
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
keep='-o APT::Keep-Downloaded-Packages=true -o Binary::apt-get::APT::Keep-Downloaded-Packages=true'
apt-get --quiet --quiet update
apt-get --quiet --yes $keep --no-install-recommends --download-only install $1 $2
apt-get --quiet --yes $keep --no-install-recommends install $1
rm -f /usr/sbin/policy-rc.d /etc/ssh/ssh_host_*
rm -rf /var/lib/apt/lists/*
"""


@dataclass(frozen=True, slots=True)
class Base:
    """One release's file systems in the cache."""

    folder: Path

    @property
    def bare(self) -> Path:
        """Root of a node with nothing but systemd and sshd."""
        return self.folder / "bare"

    @property
    def ready(self) -> Path:
        """Root of a node with all cluster packages."""
        return self.folder / "ready"

    @property
    def packages(self) -> Path:
        """The repository of what `ready` has more than `bare`, of all fence agents, and of what tests install."""
        return self.folder / "packages"


def recipe_key(of: Release) -> str:
    """Changes whenever what a base is made of changes; the mirror does not count."""
    ingredients = (
        of.codename,
        *SYSTEM,
        *of.cluster_packages,
        *of.more,
        _IN_CHROOT,
        _FINISH_BARE,
        _INSTALL,
        repository.SOURCES_LIST,
    )
    return hashlib.sha256("\0".join(ingredients).encode()).hexdigest()[:12]


def base(debian: int) -> Base:
    """The cached base of that Debian release, built now (2-4 minutes, some downloads) if it is not there yet."""
    of = release(debian)
    done = Base(cache_folder() / f"debian{debian}-{recipe_key(of)}")
    if done.folder.is_dir():
        return done
    cache_folder().mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / f"debian{debian}.lock"):
        if not done.folder.is_dir():
            unfinished = cache_folder() / f"debian{debian}.unfinished"
            run(["rm", "--recursive", "--force", "--one-file-system", str(unfinished)])
            _build(of, Base(unfinished))
            unfinished.rename(done.folder)
    return done


def _build(of: Release, into: Base) -> None:
    into.folder.mkdir()
    include = f"--include={','.join(SYSTEM)}"
    run([*ALONE, "debootstrap", "--variant=minbase", include, of.codename, str(into.bare), mirror()])
    run(["cp", "--archive", "--reflink=auto", str(into.bare), str(into.ready)])
    _in_chroot(into.bare, _FINISH_BARE)
    shutil.copy("/etc/resolv.conf", into.ready / "etc/resolv.conf")
    _in_chroot(into.ready, _INSTALL, " ".join(of.cluster_packages), " ".join((ALL_FENCE_AGENTS, *of.more)))
    _in_chroot(into.ready, _FINISH_BARE)
    archives = into.ready / "var/cache/apt/archives"
    into.packages.mkdir()
    for package in archives.glob("*.deb"):
        package.rename(into.packages / package.name)
    repository.index(into.packages)
    for root in (into.bare, into.ready):
        (root / "etc/apt/sources.list").write_text(repository.SOURCES_LIST)
        (root / repository.INSIDE.lstrip("/")).mkdir()


def _in_chroot(root: Path, script: str, *arguments: str) -> None:
    inside = ["/bin/sh", "-c", script, "build", *arguments]
    run([*ALONE, "/bin/sh", "-c", _IN_CHROOT, "chroot", str(root), *inside])
