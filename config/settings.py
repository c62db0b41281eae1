"""Settings: everything an operator declares, from all its sources, checked at once before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from config.cluster_table import FromTables, addresses_in
from config.folders import NotInFolder, is_file, is_folder, read_named
from config.inventory import Address, ClusterSpec
from config.policy import Policy
from config.problems import ConfigurationProblems, Location, Problem, key_of, problems_of
from config.sections import Folder, LogSettings, SlackSettings, SshSettings, StoreSettings, networks_in
from config.sources import (
    CONFIG,
    DEFAULT_CONFIG,
    DEFAULT_SECRETS,
    PREFIX,
    Layer,
    from_environment,
    read_env_file,
    read_secrets,
    read_toml,
)
from config.watch_sections import HistorySettings, ReportSchedule, WatchSettings

SECRETS_DIR = f"{PREFIX}SECRETS_DIR"


class Settings(BaseSettings):
    """All settings. Built by `load_settings`; the class itself reads nothing but its arguments."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slack: SlackSettings = Field(default_factory=SlackSettings)
    ssh: SshSettings = Field(default_factory=SshSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    policy: Policy = Field(default_factory=Policy)
    log: LogSettings = Field(default_factory=LogSettings)
    watch: WatchSettings = Field(default_factory=WatchSettings)
    reports: tuple[ReportSchedule, ...] = ()
    history: HistorySettings = Field(default_factory=HistorySettings)
    clusters: Annotated[tuple[ClusterSpec, ...], FromTables()] = ()
    files_dir: Folder | None = None
    """The configuration folder: `--haproxy-cfg NAME` and a cluster's `haproxy_cfg` are files in it."""
    secrets_dir: Folder | None = None
    """A folder with one secret per file; `secret:NAME` in a cluster's fencing is the file NAME in it."""
    _read_from: Path | None = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read no source behind the caller's back: `load_settings` hands in its own."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def read_from(self) -> Path | None:
        """The settings file; None where there was none, which may mean that the bot was started in another folder."""
        return self._read_from

    def file(self, name: str) -> str:
        """Return a file of the configuration folder. Raises `NotInFolder`."""
        return read_named(self.files_dir, "files_dir", name)

    def secret(self, name: str) -> str:
        """Return a secret by name, without its last line break. Raises `NotInFolder`."""
        return read_named(self.secrets_dir, "secrets_dir", name).rstrip("\r\n")

    def address_allowed(self, address: Address) -> bool:
        """Whether a node may have this address, by `ssh.allowed_networks`."""
        return any(address in network for network in self.ssh.allowed_networks)


def load_settings(
    *,
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
    default_secrets: Path = DEFAULT_SECRETS,
    **overrides: Any,
) -> Settings:
    """Read and check the settings. Raises `ConfigurationProblems` with every mistake that can be told apart.

    Sources, the first that gives a key wins: `overrides` (tables as in the file), the environment (the process's own
    unless given), the `.env` file, the secrets folder, the settings file. Relative paths are taken from the working
    directory. Where no source names a secrets folder, `default_secrets` is used if it exists.
    """
    environ = os.environ if environ is None else environ
    dotenv, problems = read_env_file(env_file)
    named = {**dotenv, **environ}

    config = named.get(CONFIG)
    file = Path(config).expanduser() if config else DEFAULT_CONFIG
    toml, found = read_toml(file, required=bool(config))
    problems += found
    declared = overrides.get("secrets_dir") or named.get(SECRETS_DIR) or toml.values.get("secrets_dir")
    folder = Path(str(declared)).expanduser() if declared else default_secrets
    secrets, found = read_secrets(folder, required=bool(declared))
    problems += found
    if not declared and is_folder(folder):
        overrides["secrets_dir"] = folder

    layers = (
        Layer(overrides, {}),
        from_environment(environ, ""),
        from_environment(dotenv, f"{env_file}:"),
        secrets,
        toml,
    )
    settings, found = _validated(layers)
    problems += found
    problems += _misfits(_merged(layers))
    if settings is None or problems:
        raise ConfigurationProblems(problems)
    settings._read_from = file if is_file(file) else None  # noqa: SLF001 - nobody else may say where it comes from
    return settings


def _validated(layers: tuple[Layer, ...]) -> tuple[Settings | None, list[Problem]]:
    sources = tuple(InitSettingsSource(Settings, layer.values) for layer in layers)
    built_from: dict[str, Any] = {"_build_sources": (sources, {})}
    try:
        return Settings(**built_from), []
    except ValidationError as error:
        found = problems_of(error, Settings)

    def origin(location: Location) -> str:
        return next(filter(None, (layer.origin(location) for layer in layers)), "")

    return None, [replace(problem, origin=origin(location)) for location, problem in found]


def _merged(layers: tuple[Layer, ...]) -> Mapping[str, Any]:
    """Return what all sources say together, as it was written."""
    merged: dict[str, Any] = {}
    for layer in reversed(layers):
        _overlay(merged, layer.values)
    return merged


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping):
            beneath = below.get(key)
            below[key] = dict(beneath) if isinstance(beneath, Mapping) else {}
            _overlay(below[key], value)
        else:
            below[key] = value


def _misfits(written: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what no section can check alone, in whatever of them can be read: other mistakes do not hide these."""
    networks = networks_in(written.get("ssh", {}))
    if networks is None:
        return
    for location, address in addresses_in(written.get("clusters")):
        if location[1] == "nodes" and not any(address in network for network in networks):
            yield Problem(key_of(("clusters", *location)), f"{address} is in none of ssh.allowed_networks")


__all__ = ["ConfigurationProblems", "NotInFolder", "Problem", "Settings", "load_settings"]
