"""Everything that can go wrong, as one tree.

    HaclusterError            what a person is told: what is wrong, where, what to do
    ├── UsageError            the words typed are not a request; nothing was run
    ├── NotAllowed            the person may not ask for this
    ├── PlanStale             the cluster is no longer what the shown plan was made for; nothing was run
    ├── Busy                  another change of the same cluster is under way
    ├── Unreachable           a node cannot be asked (a read whose connection failed or broke)
    │   └── HostKeyUnknown    it answers with a key nobody has trusted yet
    │   └── HostKeyMismatch   it answers with another key than the trusted one
    ├── CommandTimedOut       a read took longer than it may
    ├── CommandFailed         it ran and ended with an exit status that is not legal for it
    │   └── SudoRefused       sudo did not let it run: the login lacks a right
    ├── OutcomeUnknown        a change was sent and its end was never seen; it must not be repeated blindly
    └── UnreadableOutput      a tool's output is not what its parser knows

Every sentence is fit for Slack: no secret, no traceback. `remedy` says what to do, and `node` where it happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class HaclusterError(Exception):
    """Base of all our errors: a sentence for people, the node it concerns, and what to do."""

    def __init__(self, message: str, *, node: str | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.node}: " if self.node else ""
        return f"{where}{self.message}"


class UsageError(HaclusterError):
    """The words typed cannot be understood as a request. `remedy` holds the nearest right form.

    `fields` says what is wrong by field of the verb's form, as far as it is about any: a form shows it there.
    """

    def __init__(
        self, message: str, *, node: str | None = None, remedy: str = "", fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, node=node, remedy=remedy)
        self.fields: Mapping[str, str] = fields or {}

    def about(self, field: str) -> Self:
        """Return this error as one about a field of the verb's form."""
        self.fields = {field: " ".join(filter(None, (f"{self}.", self.remedy)))}
        return self


class NotGiven(UsageError):
    """A file or a secret that nobody has put there, which may be right: another that cannot be read is not."""


class NotAllowed(HaclusterError):
    """Policy does not let this person do this here."""


class PlanStale(HaclusterError):
    """What was confirmed is not what would be done now, or the plan waits no longer."""


class Busy(HaclusterError):
    """Another change of the same cluster is running; one at a time per cluster."""


class Unreachable(HaclusterError):
    """A node could not be asked. It says nothing about whether the node is alive."""


class HostKeyUnknown(Unreachable):
    """The node's host key has not been trusted yet; carries what was offered, so that it can be shown and trusted."""

    def __init__(self, message: str, *, node: str, address: str, port: int, key: str, fingerprint: str) -> None:
        super().__init__(
            message, node=node, remedy="Compare the fingerprint with the node's console, then trust exactly this key."
        )
        self.address = address
        self.port = port
        self.key = key
        """The public key in OpenSSH's one-line form, `ssh-ed25519 AAAA…`."""
        self.fingerprint = fingerprint
        """`SHA256:…`, as `ssh-keygen -l` prints it."""


class HostKeyMismatch(Unreachable):
    """The node offers another key than the one trusted for it: a reinstalled machine, or somebody in between."""


class CommandTimedOut(HaclusterError):
    """A read did not end within its time; the remote command was ended too."""


class CommandFailed(HaclusterError):
    """A command ended with an exit status that is not legal for it. `output` is the tool's own words, trimmed."""

    def __init__(self, message: str, *, node: str, argv: tuple[str, ...], status: int, output: str) -> None:
        super().__init__(message, node=node)
        self.argv = argv
        self.status = status
        self.output = output


class SudoRefused(CommandFailed):
    """sudo did not run the command at all; `output` is sudo's own words."""

    def __init__(self, *, node: str, argv: tuple[str, ...], status: int, output: str) -> None:
        super().__init__(f"sudo does not let us run `{argv[0]}`", node=node, argv=argv, status=status, output=output)
        self.remedy = "Install the bot's sudoers file there; `hacluster sudoers` prints it."


class OutcomeUnknown(HaclusterError):
    """A change was sent but its end was not seen (connection lost, or out of time). Read the fact before repeating."""


class UnreadableOutput(HaclusterError):
    """A tool printed something its parser does not know. Carries the beginning of what it printed."""

    def __init__(self, tool: str, why: str, text: str = "") -> None:
        head = " ".join(text.split())[:120]
        super().__init__(f"cannot read the output of {tool}: {why}" + (f" (it begins: {head})" if head else ""))
        self.tool = tool
