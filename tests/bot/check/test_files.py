"""What can be said of the settings without asking anybody; and the whole check in its order."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never

import pytest
from pytest_mock import MockerFixture

from bot.check import FAILING, check, check_settings
from commands.command import Runner
from commands.errors import HaclusterError
from commands.report import Finding, Level
from config.inventory import ClusterSpec
from config.settings import Settings, load_settings

WEB: dict[str, Any] = {
    "nodes": {"n1": "10.0.0.1"},
    "haproxy_cfg": "web.cfg",
    "fencing": {
        "agent": "fence_ipmilan",
        "options": {"password": "secret:ipmi"},
        "per_node": {"n1": {"ip": "10.9.0.1", "auth": "secret:n1_auth"}},
    },
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("files", "secrets"):
        (tmp_path / name).mkdir(mode=0o700)
    for file, mode in {"key": 0o600, "known_hosts": 0o644, "files/web.cfg": 0o644}.items():
        (tmp_path / file).write_text("x")
        (tmp_path / file).chmod(mode)
    for secret in ("ipmi", "n1_auth"):
        (tmp_path / "secrets" / secret).write_text("c4n4ry")
    return tmp_path


def settings(place: Path, **changed: Any) -> Settings:
    declared: Mapping[str, Any] = {
        "ssh": {"keys": [place / "key"], "known_hosts": [place / "known_hosts"]},
        "files_dir": place / "files",
        "secrets_dir": place / "secrets",
        "clusters": {"web": WEB},
        "slack": {"bot_token": "xoxb-1234", "app_token": "xapp-1234"},
        "policy": {"grants": [{"role": "admin", "users": ["U024BE7LH"], "clusters": ["web"]}]},
    }
    made = Settings.model_validate({**declared, **changed})
    made._read_from = place / "hacluster.toml"
    return made


def told(found: Settings) -> list[tuple[Level, str]]:
    return [(finding.level, finding.text) for finding in check_settings(found)]


def test_settings_whose_files_are_all_there_have_nothing_wrong(place: Path) -> None:
    assert told(settings(place)) == [(Level.OK, "the settings are understood; clusters: web")]


def test_a_check_in_a_folder_without_settings_says_which_folder_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_settings(environ={}, default_secrets=tmp_path / "none")
    assert (Level.INFO, f"there is no hacluster.toml in {tmp_path}: what it could say has its default") in told(found)
    (tmp_path / "hacluster.toml").write_text("")
    found = load_settings(environ={}, default_secrets=tmp_path / "none")
    assert not [text for _, text in told(found) if "hacluster.toml" in text]


def test_a_key_in_a_folder_that_lets_nobody_in_is_told_and_no_traceback(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> Never:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "is_file", refused)  # root, as which tests run too, may look everywhere
    found = list(check_settings(settings(place)))
    assert any(finding.text.startswith("ssh.keys: there is no file") for finding in found)


@pytest.mark.parametrize(
    ("gone", "key"),
    [
        ("key", "ssh.keys: there is no file"),
        ("files/web.cfg", "clusters.web.haproxy_cfg"),
        ("secrets/ipmi", "clusters.web.fencing"),
        ("secrets/n1_auth", "clusters.web.fencing"),
    ],
)
def test_a_file_that_is_missing_is_told_with_its_key(place: Path, gone: str, key: str) -> None:
    (place / gone).unlink()
    found = [finding for finding in check_settings(settings(place)) if finding.level is Level.CRITICAL]
    assert len(found) == 1
    assert found[0].text.startswith(key)
    assert Path(gone).name in found[0].text
    assert found[0].remedy


def test_known_hosts_that_are_not_there_yet_are_a_warning(place: Path) -> None:
    (place / "known_hosts").unlink()
    assert (Level.WARNING, f"ssh.known_hosts: there is no file {place / 'known_hosts'}") in told(settings(place))


def test_keys_and_secrets_that_others_can_read_are_a_warning(place: Path) -> None:
    (place / "key").chmod(0o644)
    (place / "secrets").chmod(0o755)
    warned = [text for level, text in told(settings(place)) if level is Level.WARNING]
    assert [text.partition(":")[0] for text in warned] == ["ssh.keys", "secrets_dir"]


def test_folders_that_are_not_there_are_told(place: Path) -> None:
    found = told(settings(place, files_dir=place / "nofiles", secrets_dir=place / "nosecrets", clusters={}))
    assert [text.partition(":")[0] for level, text in found if level is Level.CRITICAL] == ["files_dir", "secrets_dir"]


def test_what_a_newcomer_forgets_is_told_and_fails_nothing(place: Path) -> None:
    new = settings(
        place, ssh={}, slack={}, policy={}, clusters={"web": {"nodes": {"n1": "10.0.0.1"}, "fencing": "none"}}
    )
    found = list(check_settings(new))
    assert not {finding.level for finding in found} & FAILING
    text = "\n".join(finding.text for finding in found)
    assert "ssh.keys is empty" in text
    assert "no Slack tokens" in text


def test_a_bot_in_slack_that_nobody_may_use_is_a_warning(place: Path) -> None:
    assert (Level.WARNING, "policy.grants is empty: nobody may change anything from Slack") in told(
        settings(place, policy={})
    )


def test_a_grant_on_an_unknown_cluster_is_pointed_out(place: Path) -> None:
    policy = {"grants": [{"role": "admin", "users": ["U024BE7LH"], "clusters": ["wbe"]}]}
    assert (Level.INFO, "policy.grants[0]: wbe is no cluster of the settings file") in told(
        settings(place, policy=policy)
    )


def test_no_secret_is_told(place: Path) -> None:
    assert "c4n4ry" not in repr(list(check_settings(settings(place))))


class _Stored:
    def __init__(self, *clusters: ClusterSpec, broken: HaclusterError | None = None) -> None:
        self._clusters, self._broken = clusters, broken

    async def declared(self) -> tuple[ClusterSpec, ...]:
        if self._broken:
            raise self._broken
        return self._clusters


async def whole(found: Settings, store: _Stored | None, mocker: MockerFixture) -> tuple[list[Finding], list[str]]:
    runner = mocker.create_autospec(Runner, instance=True)
    runner.run.side_effect = HaclusterError("asked")
    now = datetime(2026, 3, 1, tzinfo=UTC)
    findings = [finding async for finding in check(found, store, None, runner, lambda: now)]
    return findings, [call.args[0].name for call in runner.run.call_args_list]


async def test_clusters_made_from_slack_are_tried_too_and_the_file_wins(place: Path, mocker: MockerFixture) -> None:
    def spec(name: str, node: str) -> ClusterSpec:
        return ClusterSpec.model_validate({"name": name, "nodes": [{"name": node, "addresses": ["10.0.0.9"]}]})

    _, asked = await whole(settings(place), _Stored(spec("web", "shadowed"), spec("db", "d1")), mocker)
    assert sorted(asked) == ["d1", "n1"]


@pytest.mark.parametrize("store", [None, _Stored(broken=HaclusterError("the stored cluster db cannot be read"))])
async def test_a_store_that_fails_does_not_stop_the_rest(
    place: Path, mocker: MockerFixture, store: _Stored | None
) -> None:
    found, asked = await whole(settings(place), store, mocker)
    assert asked == ["n1"]
    assert (store is None) != any("cannot be read" in finding.text for finding in found)


def test_a_report_whose_time_cannot_be_read_is_told_with_how_it_is_written(place: Path) -> None:
    when = [{"channel": "C0123456789", "at": "every now and then"}, {"channel": "C0123456789", "at": "every day 07:00"}]
    wrong, fine = check_settings(settings(place, reports=when))
    assert (wrong.level, wrong.text) == (Level.CRITICAL, "reports[0].at: 'every now and then' says no time")
    assert "every weekday 09:00" in wrong.remedy
    assert fine.level is Level.OK


def test_a_report_on_a_cluster_that_the_file_does_not_know_is_told(place: Path) -> None:
    reports = [{"channel": "C0123456789", "at": "every day 07:00", "clusters": ["web", "shop"]}]
    unknown, _ = check_settings(settings(place, reports=reports))
    assert (unknown.level, unknown.text) == (
        Level.WARNING,
        "reports[0].clusters: there is no cluster shop in this file",
    )


@pytest.mark.parametrize("content", [b"", b"two\nlines\n", b"\xff\xfe"])
def test_a_password_that_cannot_be_used_is_told_before_anybody_needs_it(place: Path, content: bytes) -> None:
    (place / "secrets" / "hacluster_password").write_bytes(content)
    found = [finding for finding in check_settings(settings(place)) if finding.level is Level.CRITICAL]
    assert [finding.text.partition(":")[0] for finding in found] == ["secrets_dir"]
    assert "hacluster_password" in found[0].text
    assert "two" not in found[0].text
