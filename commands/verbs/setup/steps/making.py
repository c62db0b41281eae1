"""What steps are made of: commands that change a node, and the nodes that lack what a step is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from commands.command import Command, Stdin
from commands.facts.fact import Known, Reading
from commands.plan import Lane, Step, on_each
from commands.snapshot import NodeSnapshot, Snapshot


def change(*argv: str, timeout: float = 30, stdin: Stdin | None = None) -> Command:
    """Make a command that changes a node."""
    return Command(argv, timeout=timeout, stdin=stdin, changes=True)


def write(path: str, text: Stdin, mode: str = "644", owner: str | None = None) -> Command:
    """Make a command that puts text into a file, its folder made where it is missing.

    Where the bot dies before it has sent the text, the file is there without it: what takes a file for complete writes
    it under another name first.
    """
    who = ("-o", owner.partition(":")[0], "-g", owner.partition(":")[2]) if owner else ()
    return change("install", "-D", "-m", mode, *who, "/dev/stdin", path, stdin=text)


def systemctl(*words: str) -> Command:
    """Make a systemctl command that leaves the links of the old boot scripts alone.

    Debian's would see to them too, reloading systemd twice for each service, for what systemd does not read (see
    ENVIRONMENT.md of systemd): 0.6 s of CPU instead of 0.1.
    """
    return change("env", "SYSTEMCTL_SKIP_SYSV=1", "systemctl", *words, timeout=60)


def value(reading: Reading[Any]) -> Any:
    """Return what was read, or None where the reading failed; used only behind a check that it did not."""
    return reading.value if isinstance(reading, Known) else None


def lacking(snapshot: Snapshot, reads: tuple[str, ...], lacks: Callable[[NodeSnapshot], str | None]) -> tuple[str, ...]:
    """Return the names of the nodes where something was not read, or is lacking."""
    return tuple(node.node.name for node in snapshot.nodes if node.unknown(*reads) or lacks(node))


def on_lacking(
    snapshot: Snapshot,
    step_id: str,
    title: str,
    reads: tuple[str, ...],
    lacks: Callable[[NodeSnapshot], str | None],
    commands: Callable[[NodeSnapshot], Iterable[Command]],
    *,
    after: tuple[str, ...] = (),
    patience: float = 10.0,
    also: Iterable[str] = (),
) -> Step | None:
    """Make a step that runs its commands on each node that lacks it (or is named in `also`), or None if none does."""
    names = set(lacking(snapshot, reads, lacks)) | set(also)
    here = [node for node in snapshot.nodes if node.node.name in names]
    if not here:
        return None
    lanes = tuple(Lane(node.node, tuple(commands(node))) for node in here)
    return Step(step_id, title, lanes, after, on_each((n.node.name for n in here), reads, lacks, patience))
