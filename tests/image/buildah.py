"""Debian's buildah: it builds and runs images without a container engine or a registry.

Its store, mounts and processes stay in a folder of its own and go with it. The base image is a debootstrapped Debian,
cached between runs beside the lab's bases.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.lab.base import ALONE
from sandbox.lab.debian import mirror, release
from sandbox.lab.host import cache_folder, locked, run

DEBIAN = release(12)
PYTHON = "3.11"
"""What that Debian has."""
PACKAGES = ("python3", "python3-venv", "ca-certificates")
RUN_WITHIN = 120.0
STUMBLE = "sealing memfd copy: Device or resource busy"
"""buildah starts itself again from a copy in memory, and on a busy machine the kernel now and then will not seal it yet.
Nothing was run then."""
RETRIES = 5


def base_archive() -> Path:
    """Return a Debian with Python as an archive, made now (1-5 minutes, some downloads) if it is not there yet."""
    key = hashlib.sha256("\0".join((DEBIAN.codename, *PACKAGES)).encode()).hexdigest()[:12]
    done = cache_folder() / f"python-{key}.tar"
    cache_folder().mkdir(parents=True, exist_ok=True)
    with locked(cache_folder() / "python.lock"):
        if not done.exists():
            root, archive = cache_folder() / "python.unfinished", cache_folder() / "python.unfinished.tar"
            run(["rm", "--recursive", "--force", "--one-file-system", str(root)])
            include = f"--include={','.join(PACKAGES)}"
            run([*ALONE, "debootstrap", "--variant=minbase", include, DEBIAN.codename, str(root), mirror()])
            # devices are buildah's to bring; downloaded packages are of no more use
            left_out = ("--exclude=./dev/*", "--exclude=./var/cache/apt/archives/*")
            run(["tar", "--create", "--file", str(archive), "--directory", str(root), *left_out, "."])
            shutil.rmtree(root)
            archive.rename(done)
    return done


@dataclass(frozen=True, slots=True)
class Buildah:
    """buildah with a store of its own."""

    folder: Path

    def __call__(
        self, *words: str, timeout: float = RUN_WITHIN, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = self._once(words, timeout)
        for _ in range(RETRIES):
            if done.returncode == 0 or STUMBLE not in done.stderr:
                break
            done = self._once(words, timeout)
        assert not check or done.returncode == 0, f"buildah {words[0]}: {done.stderr[-3000:]}{done.stdout[-1000:]}"
        return done

    def _once(self, words: tuple[str, ...], timeout: float) -> subprocess.CompletedProcess[str]:
        store = ("--root", str(self.folder / "root"), "--runroot", str(self.folder / "run"))
        return subprocess.run(
            ("buildah", *store, *words),
            env={**os.environ, "STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def read(self, *words: str) -> str:
        """Return what it printed, without the space around it."""
        return self(*words).stdout.strip()


@dataclass(frozen=True, slots=True)
class Image:
    """The built image, and one working container of it to run commands in."""

    buildah: Buildah
    name: str
    container: str

    def run(self, *words: str, env: Sequence[str] = (), check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command as the image's user, in its working directory."""
        given = (part for pair in env for part in ("--env", pair))
        return self.buildah("run", *given, self.container, "--", *words, check=check)
