"""Small files on a node: whether they are there, and what is in them to the byte."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from commands.command import Command, Completed
from commands.errors import UnreadableOutput
from commands.facts.fact import Fact
from commands.facts.tagged import tagged

LARGEST = 262_144
"""Bytes. A larger file is not read: it is not one of ours."""


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text, permissions (octal, `600`) and owner (`user:group`); all empty where `present` is False."""

    present: bool
    text: str = ""
    mode: str = ""
    owner: str = ""


# The content travels as base64: no byte of it is lost, changed or taken for something else on the way.
_READ = """
[ -e "$1" ] || { echo absent; echo end; exit 0; }
[ -f "$1" ] || { echo "$1 is not a regular file" >&2; exit 1; }
[ "$(stat --dereference --format=%s -- "$1")" -le "$2" ] || { echo "$1 is larger than $2 bytes" >&2; exit 1; }
stat --dereference --format='mode %a
owner %U:%G' -- "$1" || exit
text=$(base64 --wrap=0 -- "$1") || exit
printf 'base64 %s\\nend\\n' "$text"
"""


def read(path: str) -> Fact[FileText]:
    """Return the fact of what is in this file. A folder, a file too large or one not in UTF-8 is a failed reading."""

    def parse(done: Completed) -> FileText:
        lines = tagged(path, done.stdout)
        if lines == [("absent", "")]:
            return FileText(present=False)
        values = dict(lines)
        try:
            return FileText(
                present=True,
                text=base64.b64decode(values["base64"], validate=True).decode(),
                mode=values["mode"],
                owner=values["owner"],
            )
        except (KeyError, binascii.Error, ValueError) as error:
            raise UnreadableOutput(path, "not UTF-8 text with mode and owner", done.stdout) from error

    return Fact(Command(("sh", "-c", _READ, "sh", path, str(LARGEST))), parse)


_EXISTS = """
for path do
    if [ -e "$path" ]; then echo yes; else echo no; fi
done
echo end
"""


def exists(paths: tuple[str, ...]) -> Fact[Mapping[str, bool]]:
    """Return the fact of which of these paths are there."""

    def parse(done: Completed) -> Mapping[str, bool]:
        lines = tagged("test -e", done.stdout)
        if len(lines) != len(paths) or any(line not in (("yes", ""), ("no", "")) for line in lines):
            raise UnreadableOutput("test -e", "not one answer for each path", done.stdout)
        return {path: word == "yes" for path, (word, _) in zip(paths, lines, strict=True)}

    return Fact(Command(("sh", "-c", _EXISTS, "sh", *paths)), parse)
