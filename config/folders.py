"""The two folders an operator fills: configuration files and secrets, each read by a plain name."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}", re.IGNORECASE | re.ASCII)
LARGEST = 1_048_576
"""Bytes of a configuration file or a secret; more is a mistake."""


class NotInFolder(LookupError):
    """There is no such file in the folder, or no folder. The text is fit for people and names no content."""


class NotThere(NotInFolder):
    """Nobody has put it there: there is no such file, or no folder is set. Whatever else is wrong with a file is told."""


def is_file(path: Path) -> bool:
    """Whether there is a file that we may see. `Path.is_file` raises where a folder on the way may not be entered."""
    with suppress(OSError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder that we may see; as `is_file`."""
    with suppress(OSError):
        return path.is_dir()
    return False


def read_named(folder: Path | None, setting: str, name: str) -> str:
    """Return the text of a file of a folder. Raises `NotInFolder`; `setting` is the key that names the folder.

    Only plain names are read: no path leads out of the folder, and no name with two underscores, since those files
    are the bot's own settings (Slack's tokens) and must not reach a node as if they were a cluster's secret.
    """
    if not _NAME.fullmatch(name) or "__" in name:
        raise NotInFolder(f"{name[:60]!r} is not a plain file name")
    if folder is None:
        raise NotThere(f"there is no {name!r}: {setting} is not set")
    return read_text(folder / name, f"{name!r} of {setting}")


def read_text(file: Path, called: str = "") -> str:
    """Return a small UTF-8 file's text. Raises `NotInFolder` saying what is wrong with the file.

    `called` names it for people who need not know where the bot keeps its files.
    """
    named = called or file
    try:
        if file.stat().st_size > LARGEST:
            raise NotInFolder(f"{named} is larger than {LARGEST} bytes")
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise NotThere(f"{named} cannot be read: {error.strerror}") from None
    except OSError as error:
        raise NotInFolder(f"{named} cannot be read: {error.strerror}") from None
    try:
        return content.decode()
    except UnicodeDecodeError:
        pass  # raised outside: that error would carry the content along
    raise NotInFolder(f"{named} is not UTF-8 text")
