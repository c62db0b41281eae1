"""Where secrets turn up that should turn up nowhere: searched for by their very text."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox.lab.lab import Lab
from sandbox.run.box import Box

EVERY = 0.03
"""Seconds between two looks at the processes: what takes a password runs for some tenths of a second."""
SEARCHED = ("/var/log", "/var/lib/pacemaker", "/var/lib/corosync", "/var/lib/pcsd", "/etc/corosync", "/tmp", "/root")  # noqa: S108 - looked at only
# The words to look for come on standard input, so that they stand in no process list because of this.
_SEARCH = """grep --recursive --text --fixed-strings --files-with-matches --file=- -- "$@" 2>/dev/null; true"""
_TOLD = """words=$(cat); { cibadmin --query; journalctl --quiet --no-pager; } | grep --text --fixed-strings "$words"; true"""


class Processes:
    """The command lines in which a secret was seen: this machine shows those of its nodes, too."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = {name: text.encode() for name, text in secrets.items()}
        self.seen: set[str] = set()
        self.looks = 0

    def look(self) -> None:
        """Look at all processes once."""
        self.looks += 1
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:  # it has ended
                continue
            for name, text in self._secrets.items():
                if text in line:
                    self.seen.add(f"{name} in the command line of {line.split(bytes(1))[0].decode(errors='replace')}")


@contextmanager
def processes_watched(secrets: Mapping[str, str]) -> Iterator[Processes]:
    """Look at all processes again and again for as long as the block lasts."""
    processes, ends = Processes(secrets), threading.Event()

    def watch() -> None:
        while not ends.wait(EVERY):
            processes.look()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield processes
    finally:
        ends.set()
        watching.join()


def told(box: Box, secrets: Mapping[str, str]) -> list[str]:
    """Return where the bot let a secret out: to Slack, into its log, into its store."""
    workspace = box.workspace
    said = [repr(call) for call in workspace.calls]
    said += [repr(view) for name in ("ada", "ole") for view in workspace.views(name)]
    said += [repr(message) for name in ("ops", "web") for message in workspace.messages(name)]
    said += [repr(message) for name in ("ada", "ole") for message in workspace.ephemerals(name)]
    places = {"Slack": "\n".join(said).encode()}
    kept = (path for path in box.folder.rglob("*") if path.is_file() and path.parent.name != "secrets")
    places |= {path.name: path.read_bytes() for path in kept}
    return [
        f"{name} in {place}"
        for place, text in places.items()
        for name, secret in secrets.items()
        if secret.encode() in text
    ]


def left_on_nodes(lab: Lab, secrets: Mapping[str, str]) -> list[str]:
    """Return where on the nodes a secret lies: in a log, the cluster's configuration, a file left behind."""
    found = []
    for node in lab.nodes:
        for name, text in secrets.items():
            files = lab.exec(node, ["sh", "-c", _SEARCH, "sh", *SEARCHED], text).stdout.split()
            lines = lab.exec(node, ["sh", "-c", _TOLD], text).stdout.splitlines()
            found += [f"{name} in {file} on {node}" for file in files]
            found += [f"{name} in what {node} tells: {line[:80]}" for line in lines]
    return found
