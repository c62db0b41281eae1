"""The example of a settings file is one that loads, and mentions every key there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from config.approvals import ApprovalRule
from config.cluster_table import ClusterTable
from config.policy import Grant, Policy
from config.sections import LogSettings, SlackSettings, SshSettings, StoreSettings
from config.settings import Settings, load_settings
from config.watch_sections import HistorySettings, ReportSchedule, WatchSettings

EXAMPLE = Path(__file__).parents[2] / "config" / "hacluster.example.toml"


def test_the_example_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={"HACLUSTER_CONFIG": str(EXAMPLE)})
    assert [cluster.name for cluster in settings.clusters] == ["web"]
    assert len(settings.policy.grants) == 2


def test_the_example_loads_with_everything_that_is_commented_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    lines = EXAMPLE.read_text().replace("/etc/hacluster", str(tmp_path)).splitlines()
    models = (Settings, SlackSettings, SshSettings, StoreSettings, WatchSettings, HistorySettings)
    keys = set().union(*(model.model_fields for model in models))
    keys |= {"channels", "haproxy_cfg"}
    opened = [line[2:] if line.startswith("# ") and line[2:].split(" = ")[0] in keys else line for line in lines]
    (tmp_path / "hacluster.toml").write_text("\n".join(opened))
    settings = load_settings(environ={})
    assert settings.ssh.jump == "hop@bastion.example.org:22"
    assert settings.clusters[0].haproxy_cfg == "web.cfg"
    for section, default in ((settings.ssh, SshSettings()), (settings.slack, SlackSettings())):
        for key in ("port", "connect_timeout", "keepalive_interval", "keepalive_count", "max_sessions", "http_port"):
            # what is commented out shows the default
            assert getattr(section, key, None) == getattr(default, key, None)
    for key in WatchSettings.model_fields.keys() - {"mentions", "channel"}:
        assert getattr(settings.watch, key) == getattr(WatchSettings(), key)
    assert settings.history == HistorySettings()


@pytest.mark.parametrize(
    "model",
    [
        Settings,
        SlackSettings,
        SshSettings,
        StoreSettings,
        LogSettings,
        WatchSettings,
        ReportSchedule,
        HistorySettings,
        Policy,
        Grant,
        ApprovalRule,
        ClusterTable,
    ],
)
def test_the_example_mentions_every_key(model: type[BaseModel]) -> None:
    text = EXAMPLE.read_text()
    # the Web API's address is for the sandbox only
    assert {key for key in model.model_fields if key not in text} - {"api_url"} == set()
