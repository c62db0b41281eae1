"""Processes told apart, so that one can see that another on its machine is gone, and need not wait for it.

Where the system does not tell (no Linux, another machine, another container), nobody is taken for gone.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_PROC = Path("/proc")


def this_process() -> str:
    """Return a name that no other process has, nor a later one: its host and number first, for people."""
    pid = os.getpid()
    return " ".join((socket.gethostname(), str(pid), _place(), _begun(pid), secrets.token_hex(4)))


def shown(name: str) -> str:
    """Return a process's name for people."""
    host, pid, *_ = name.split(" ")
    return f"process {pid} on {host}"


def is_gone(name: str) -> bool:
    """Return whether a process is gone for certain."""
    _, pid, place, begun, _ = name.split(" ")
    return place not in {"", "-"} and place == _place() and begun != _begun(int(pid))


def _place() -> str:
    """Return what numbers of processes are unique in: this boot of this kernel, and the container."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return "-"


def _begun(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; "-" if it is there no more."""
    try:
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "-"
    return "-" if state in {"Z", "X"} else fields[18]
