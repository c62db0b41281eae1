"""Settings: everything an operator declares, from all its sources, checked at once before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from config.cluster_table import FromTables
from config.folders import NotInFolder, is_file, is_folder, read_named
from config.inventory import Address, ClusterSpec
from config.policy import Policy
from config.problems import ConfigurationProblems, Location, Problem, key_of, problems_of
from config.sections import Folder, LogSettings, SlackSettings, SshSettings, StoreSettings
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

    Sources, the first that gives a key wins: `overrides`, the environment (the process's own unless given), the
    `.env` file, the secrets folder, the settings file. Relative paths are taken from the working directory. Where no
    source names a secrets folder, `default_secrets` is used if it exists.
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
    if settings is not None:
        problems += _misfits(settings)
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


def _misfits(settings: Settings) -> Iterator[Problem]:
    """Check what no section can check alone."""
    for cluster in settings.clusters:
        for node in cluster.nodes:
            for address in node.addresses:
                if not settings.address_allowed(address):
                    location: Location = ("clusters", cluster.name, "nodes", node.name)
                    yield Problem(key_of(location), f"{address} is in none of ssh.allowed_networks")


__all__ = ["ConfigurationProblems", "NotInFolder", "Problem", "Settings", "load_settings"]
