"""The line that a client hands to sshd, down to the command that it means."""

from __future__ import annotations

import re
import shlex

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_WITH_VALUE = {"env": {"-u", "-C"}, "timeout": {"-k", "-s"}, "sudo": {"-u", "-g"}, "stdbuf": {"-o", "-i", "-e"}}


def command(line: str) -> tuple[list[str], dict[str, str]]:
    """Return the argv without what only surrounds it (exec, env, timeout, setsid, sudo), and what that sets.

    Raises ValueError for a line that is no single command.
    """
    words = shlex.split(line)
    environment: dict[str, str] = {}
    while words:
        wrapper = words[0]
        if wrapper not in {"exec", "env", "timeout", "setsid", "sudo", "stdbuf"}:
            break
        words = _without(wrapper, words[1:], environment)
    return words, environment


def _without(wrapper: str, words: list[str], environment: dict[str, str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if option in _WITH_VALUE.get(wrapper, set()) and rest:
            rest.pop(0)
    while wrapper in {"env", "sudo"} and rest and _ASSIGNMENT.fullmatch(rest[0]):
        name, _, value = rest.pop(0).partition("=")
        environment[name] = value
    return rest[1:] if wrapper == "timeout" else rest
