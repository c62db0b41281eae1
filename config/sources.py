"""Where settings come from: the environment, `.env`, a folder of secrets, `hacluster.toml`.

Names in the environment, in `.env` and in the secrets folder are keys joined by two underscores:
`HACLUSTER_SLACK__BOT_TOKEN`, or the file `slack__bot_token`. A value that begins with `[` or `{` is JSON.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from config.folders import NotInFolder, is_file, is_folder, read_text
from config.problems import Location, Problem

PREFIX = "HACLUSTER_"
CONFIG = "HACLUSTER_CONFIG"
"""Names the settings file; `hacluster.toml` in the working directory otherwise."""
DEFAULT_CONFIG = Path("hacluster.toml")
DEFAULT_SECRETS = Path("/run/secrets/hacluster")


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says, as nested tables, and which name gave each key."""

    values: dict[str, Any]
    origins: Mapping[Location, str]

    def origin(self, location: Location) -> str:
        """Return the name that gave the key, or something around or below it; empty if none here did."""
        for length in range(len(location), 0, -1):
            if location[:length] in self.origins:
                return self.origins[location[:length]]
        return next((name for key, name in self.origins.items() if key[: len(location)] == location), "")


def from_names(names: Mapping[str, str], origins: Mapping[str, str]) -> Layer:
    """Build tables from flat names (`slack__bot_token`); `origins` says for each how to call its source."""
    values: dict[str, Any] = {}
    given: dict[Location, str] = {}
    for name in sorted(names, key=len):
        *tables, last = path = name.lower().split("__")
        here = values
        for table in tables:
            below = here.setdefault(table, {})
            if not isinstance(below, dict):
                break  # the whole table was given as one value, which validation refuses
            here = below
        else:
            here[last] = _decoded(names[name])
            given[tuple(path)] = origins[name]
    return Layer(values, given)


def from_environment(environ: Mapping[str, str], source: str) -> Layer:
    """Read every `HACLUSTER_…` name, known or not, but the ones that say where to look for settings."""
    ours = {
        name.removeprefix(PREFIX): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name != CONFIG and value
    }
    return from_names(ours, {name: f"{source} {PREFIX}{name}".strip() for name in ours})


def read_env_file(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the names of a `.env` file, or nothing if there is none. A line that is no assignment is a problem."""
    if not is_file(path):
        return {}, []
    try:
        bindings = tuple(parse_stream(StringIO(read_text(path))))
    except NotInFolder as error:
        return {}, [Problem("", str(error))]
    names = {each.key: each.value for each in bindings if each.key is not None and each.value is not None}
    # without the line's text: it may be a token
    lines = [each.original.line for each in bindings if each.error]
    return names, [Problem("", f"{path}, line {line}: is not NAME=VALUE, or a quote has no end") for line in lines]


def read_toml(path: Path, *, required: bool) -> tuple[Layer, list[Problem]]:
    """Read the settings file. An invalid one gives one problem that names the line, and no values."""
    nothing = Layer({}, {})
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problem = Problem("", f"there is no settings file {path}", origin=CONFIG)
        return nothing, [problem] if required else []
    except OSError as error:
        return nothing, [Problem("", f"the settings file {path} cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return nothing, [Problem("", f"the settings file {path} is not UTF-8 text")]
    except tomllib.TOMLDecodeError as error:
        return nothing, [Problem("", f"the settings file {path} is not valid TOML: {error}")]
    return Layer(values, {(key,): str(path) for key in values}), []


def read_secrets(folder: Path, *, required: bool) -> tuple[Layer, list[Problem]]:
    """Read the settings among the files of the secrets folder: those with two underscores in their name.

    The other files are secrets by name (a fence device's password), read when a cluster asks for them. Hidden entries
    are skipped: Kubernetes keeps its own links there.
    """
    if not is_folder(folder):
        problem = Problem("secrets_dir", f"there is no folder {folder}, or the bot may not look where it is")
        return Layer({}, {}), [problem] if required else []
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        return Layer({}, {}), [Problem("secrets_dir", f"the folder {folder} cannot be read: {error.strerror}")]
    names: dict[str, str] = {}
    origins: dict[str, str] = {}
    problems: list[Problem] = []
    for file in filter(_is_setting, files):
        try:
            names[file.name] = read_text(file).rstrip("\r\n")
        except NotInFolder as error:
            problems.append(Problem(file.name.replace("__", "."), str(error)))
        origins[file.name] = str(file)
    return from_names(names, origins), problems


def _is_setting(file: Path) -> bool:
    return "__" in file.name and not file.name.startswith(".") and not is_folder(file)


def _decoded(value: str) -> Any:
    if not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # validation says what is wanted instead
