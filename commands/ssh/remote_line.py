"""The line that sshd hands to the login shell: a command with its environment, its time limit and its privileges.

`exec env … timeout -k 5 20 setsid sudo -n -- pcs status`. The order is the point (tried with sudo 1.9.5, 1.9.13, 1.9.16):

- `sudo` comes last, so a sudoers file lists the very commands that run (`/usr/sbin/pcs`), never `env` or `timeout`,
  which would allow everything. sudo resets the environment itself, and keeps LC_ALL and LANGUAGE.
- `timeout` is the login's own process and still ends a root command: sudo keeps the caller's real user id, so it may be
  sent TERM, and relays it. A root command that ignores TERM is not ended: five seconds later KILL ends its sudo only.
  Where the login is root itself, KILL ends the command too.
- `setsid`, because sudo before 1.9.13 ignores a TERM sent from within its own process group, where `timeout` would be.
- `exec`, because sshd signals the process it started: without it a shell would die and leave `timeout` behind.
- `env` works in every login shell. LC_ALL=C makes output and errors those that parsers know; proxies make pcs talk to
  the wrong host; logins other than root lack the sbin directories.
"""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Sequence

from commands.command import CHANGE_MARK, Command
from commands.ssh import joint_script

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_ENVIRONMENT = (
    "exec",
    "env",
    *(word for name in _PROXIES for word in ("-u", name)),
    "LC_ALL=C",
    "LANGUAGE=C",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)
_TIMEOUT_STATUSES = frozenset({124, 128 + signal.SIGKILL, 128 + signal.SIGTERM})
_SUDO_REFUSALS = re.compile(
    r"^sudo: .*(password is required|must have a tty|terminal is required|account validation|unable to (?!resolve host)|effective uid"
    r"|no new privileges|unknown user|sudoers|not allowed)"
    r"|^\S+ is not (in the sudoers file|allowed to (run|execute))"
    r"|^Sorry, user \S+ (is not allowed|may not run)",
    re.IGNORECASE | re.MULTILINE,
)


def remote_line(command: Command, user: str, *, kill_after: float = 5.0) -> str:
    """Return the line that runs the command on a node, for the login `user`, and ends it after its timeout.

    `kill_after` are the seconds between TERM and KILL.
    """
    return _line(command, user, _limit(command, user, kill_after))


def joint_line(commands: Sequence[Command], user: str, *, kill_after: float = 5.0, cap: int) -> str:
    """Return the line that runs several reads together, each limited and privileged as by itself (`joint_script`)."""
    each = [(*_limit(command, user, kill_after), *_privileges(command, user), *command.argv) for command in commands]
    return shlex.join((*_ENVIRONMENT, *joint_script.words(each, cap)))


def stream_line(command: Command, user: str) -> str:
    """Return the line that runs a stream: as `remote_line`, for as long as it lasts."""
    return _line(command, user, ())


def _line(command: Command, user: str, limit: tuple[str, ...]) -> str:
    mark = (CHANGE_MARK,) if command.changes else ()
    return shlex.join((*_ENVIRONMENT, *mark, *limit, *_privileges(command, user), *command.argv))


def _limit(command: Command, user: str, kill_after: float) -> tuple[str, ...]:
    limit = ("timeout", "-k", _seconds(kill_after), _seconds(command.timeout))
    return (*limit, "setsid") if uses_sudo(command, user) else limit


def _privileges(command: Command, user: str) -> tuple[str, ...]:
    return ("sudo", "-n", "--") if uses_sudo(command, user) else ()


def uses_sudo(command: Command, user: str) -> bool:
    """Return whether the command goes through sudo for this login."""
    return command.root and user != "root"


def ran_out_of_time(command: Command, status: int, seconds: float) -> bool:
    """Return whether it was coreutils' `timeout` that ended the command.

    Its statuses (124 after TERM, 137 after KILL) can be a command's own; the time that passed tells them apart.
    """
    return status in _TIMEOUT_STATUSES and seconds >= 0.9 * command.timeout


def signal_status(name: str) -> int:
    """Return the exit status a shell gives a command that died of a signal, named without its SIG."""
    number = signal.Signals.__members__.get(f"SIG{name}")
    return 255 if number is None else 128 + number


def sudo_refusal(status: int, stdout: str, stderr: str) -> str | None:
    """Return sudo's own words if it refused to run the command at all."""
    found = _SUDO_REFUSALS.search(stderr) if status == 1 and not stdout else None
    return found and found.string[found.start() :].splitlines()[0]


def sudo_found_nothing(command: Command, status: int, stderr: str) -> bool:
    """Return whether sudo found no such program: status 1 from sudo, 127 from everything else."""
    return status == 1 and f"sudo: {command.argv[0]}: command not found" in stderr.splitlines()


def _seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
