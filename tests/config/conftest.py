"""A folder of settings to load from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from config.settings import ConfigurationProblems, Problem, Settings, load_settings


class Load(Protocol):
    def __call__(
        self,
        toml: str = "",
        environ: Mapping[str, str] | None = None,
        dotenv: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> Settings: ...


class Problems(Protocol):
    def __call__(
        self,
        toml: str = "",
        environ: Mapping[str, str] | None = None,
        dotenv: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> dict[str, Problem]: ...


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load settings from files of these contents, in a working directory of their own."""
    monkeypatch.chdir(tmp_path)

    def load(
        toml: str = "",
        environ: Mapping[str, str] | None = None,
        dotenv: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> Settings:
        named = dict(environ or {})
        if toml:
            (tmp_path / "hacluster.toml").write_text(toml)
        if dotenv:
            (tmp_path / ".env").write_text(dotenv)
        if secrets is not None:
            folder = tmp_path / "secrets"
            folder.mkdir(exist_ok=True)
            for name, text in secrets.items():
                (folder / name).write_text(text)
            named["HACLUSTER_SECRETS_DIR"] = str(folder)
        return load_settings(environ=named, default_secrets=tmp_path / "default_secrets")

    return load


@pytest.fixture
def problems(load: Load) -> Problems:
    """Load settings that must be refused; give the problems by their key."""

    def problems(
        toml: str = "",
        environ: Mapping[str, str] | None = None,
        dotenv: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> dict[str, Problem]:
        with pytest.raises(ConfigurationProblems) as refused:
            load(toml, environ, dotenv, secrets)
        return {problem.key: problem for problem in refused.value.problems}

    return problems
