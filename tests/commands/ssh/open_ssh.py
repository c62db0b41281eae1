"""A real sshd on loopback, in namespaces of its own: other accounts, another sudoers file, and nothing outlives it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

import asyncssh

SSHD = "/usr/sbin/sshd"
SUDOERS = """\
Defaults !lecture
bot ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/sleep, /usr/bin/env, /usr/bin/sh, /usr/bin/bash, /usr/sbin/absent
"""


def why_not() -> str:
    """Return why no sshd can be started here, or nothing."""
    if os.geteuid() != 0:
        return "needs root: the real sshd logs in as root and as another account"
    missing = [
        tool for tool in (SSHD, "/usr/bin/sudo", "/usr/bin/unshare", "/usr/bin/setsid") if not Path(tool).exists()
    ]
    return f"needs {', '.join(missing)} (Debian: openssh-server, sudo, util-linux)" if missing else ""


class OpenSsh:
    """One sshd with the accounts `root` and `bot`; `bot` may run a few programs through sudo."""

    def __init__(self, host_key: asyncssh.SSHKey, authorized: asyncssh.SSHKey) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sshd-"))
        self.folder.chmod(0o755)
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port: int = sock.getsockname()[1]
        host_key.write_private_key(self.folder / "host_key")
        (self.folder / "host_key").chmod(0o600)
        authorized.write_public_key(self.folder / "authorized")
        self._accounts()
        Path("/run/sshd").mkdir(exist_ok=True)
        self._process: asyncio.subprocess.Process | None = None

    def _accounts(self) -> None:
        home = self.folder / "home"
        home.mkdir(mode=0o755)
        for name, ours in {
            "passwd": (f"root:x:0:0::{home}:/bin/sh", f"bot:x:4242:4242::{home}:/bin/sh"),
            "shadow": ("root:*:19000:0:99999:7:::", "bot:*:19000:0:99999:7:::"),
            "group": ("root:x:0:", "bot:x:4242:"),
        }.items():
            others = [line for line in Path("/etc", name).read_text().splitlines() if not line.startswith("root:")]
            (self.folder / name).write_text("\n".join((*ours, *others, "")))
        (self.folder / "sudoers").write_text(SUDOERS)
        (self.folder / "sudoers").chmod(0o440)

    async def start(self, *config: str) -> None:
        """Start it and wait until it listens; `config` are more lines of sshd_config."""
        lines = (
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {self.folder}/host_key",
            f"AuthorizedKeysFile {self.folder}/authorized",
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            *config,
        )
        (self.folder / "sshd_config").write_text("\n".join((*lines, "")))
        mounts = [f"mount --bind {self.folder}/{name} /etc/{name}" for name in ("passwd", "shadow", "group", "sudoers")]
        serve = f"exec {SSHD} -D -e -f {shlex.quote(str(self.folder / 'sshd_config'))}"
        with (self.folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec"),
                "\n".join((*mounts, serve)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self._listening()

    async def _listening(self) -> None:
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
        raise AssertionError((self.folder / "log").read_text())

    async def stop(self) -> None:
        """End it and every process it ever started."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)


def running(words: Iterable[str]) -> list[int]:
    """Return the ids of the processes on this machine whose command line is exactly these words."""
    wanted = "\0".join((*words, "")).encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                found.append(int(path.parent.name))
        except OSError:
            continue  # it ended while we looked
    return found


async def until_gone(words: Iterable[str], seconds: float) -> bool:
    """Return whether no such process is left within some seconds."""
    asked = tuple(words)
    for _ in range(int(seconds / 0.05)):
        if not running(asked):
            return True
        await asyncio.sleep(0.05)
    return not running(asked)


async def until_running(words: Iterable[str]) -> None:
    """Wait until there is such a process."""
    asked = tuple(words)
    for _ in range(100):
        if running(asked):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{asked} never started")
