"""Where settings come from, and which source wins."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Never

import pytest

from config.settings import NotInFolder, Settings, load_settings
from tests.config.conftest import Load, Problems


def test_nothing_at_all_is_enough_to_start_from_a_terminal(load: Load) -> None:
    settings = load()
    assert not settings.slack.configured
    assert settings.clusters == ()
    assert settings.store.url.get_secret_value() == "sqlite+aiosqlite:///hacluster.db"


def test_the_first_source_that_has_a_key_wins_and_the_others_fill_in(load: Load) -> None:
    settings = load(
        toml='[ssh]\nuser = "toml"\nport = 1\nconnect_timeout = 1\nkeepalive_count = 1',
        secrets={"ssh__user": "secret", "ssh__port": "2", "ssh__connect_timeout": "2"},
        dotenv="HACLUSTER_SSH__USER=dotenv\nHACLUSTER_SSH__PORT=3\n",
        environ={"HACLUSTER_SSH__USER": "environ"},
    )
    ssh = settings.ssh
    assert (ssh.user, ssh.port, ssh.connect_timeout, ssh.keepalive_count) == ("environ", 3, 2, 1)


def test_arguments_win_over_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environ={"HACLUSTER_LOG__LEVEL": "error"}, log={"level": "debug"})
    assert settings.log.level == "debug"


def test_the_class_itself_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HACLUSTER_LOG__LEVEL", "error")
    monkeypatch.setenv("LOG", '{"level": "error"}')
    assert Settings().log.level == "info"


def test_lists_and_tables_in_the_environment_are_json(load: Load) -> None:
    settings = load(
        environ={
            "HACLUSTER_SSH__ALLOWED_NETWORKS": '["10.0.0.0/8", "fd00::/8"]',
            "HACLUSTER_CLUSTERS": '{"web": {"nodes": {"n1": "10.0.0.1"}, "fencing": "none"}}',
        }
    )
    assert [str(network) for network in settings.ssh.allowed_networks] == ["10.0.0.0/8", "fd00::/8"]
    assert settings.clusters[0].node("n1").name == "n1"


def test_an_empty_variable_counts_as_not_given(load: Load) -> None:
    assert load(environ={"HACLUSTER_SLACK__BOT_TOKEN": ""}).slack.bot_token is None


def test_other_programs_variables_are_none_of_our_business(load: Load) -> None:
    assert load(environ={"HOME": "/root", "SLACK": "x"}, dotenv="COMPOSE_PROJECT_NAME=web\n") == load()


def test_the_settings_file_can_be_elsewhere(load: Load, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('[log]\nlevel = "debug"')
    assert load(environ={"HACLUSTER_CONFIG": "other.toml"}).log.level == "debug"
    assert load(dotenv="HACLUSTER_CONFIG=other.toml\n").log.level == "debug"


def test_a_settings_file_that_was_named_must_exist(problems: Problems) -> None:
    assert "there is no settings file gone.toml" in str(problems(environ={"HACLUSTER_CONFIG": "gone.toml"})[""])


def test_a_secrets_folder_that_was_named_must_exist(problems: Problems) -> None:
    assert "there is no folder" in problems('secrets_dir = "gone"')["secrets_dir"].message


def test_the_settings_file_may_name_the_secrets_folder(load: Load, tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "ssh__user").write_text("deploy\n")
    settings = load('secrets_dir = "vault"')
    assert settings.ssh.user == "deploy"
    assert settings.secrets_dir == Path("vault")


def test_without_a_named_folder_the_containers_usual_one_is_used_if_it_is_there(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "default_secrets"
    assert load().secrets_dir is None
    folder.mkdir()
    (folder / "ssh__user").write_text("deploy")
    settings = load()
    assert (settings.ssh.user, settings.secrets_dir) == ("deploy", folder)


def test_invalid_toml_names_its_line_beside_the_other_mistakes(problems: Problems) -> None:
    found = problems('[ssh]\nuser = "a"\nport = = 2\n', environ={"HACLUSTER_LOG__LEVEL": "loud"})
    assert "line 3" in found[""].message
    assert "log.level" in found


def test_a_settings_file_that_is_no_text_is_refused(problems: Problems, tmp_path: Path) -> None:
    (tmp_path / "hacluster.toml").write_bytes(b"\xff\xfe")
    assert "UTF-8" in problems()[""].message


def test_a_byte_order_mark_of_some_editors_is_no_mistake(load: Load) -> None:
    assert load("\ufeff[log]\nlevel = 'debug'\n").log.level == "debug"


def test_lines_of_an_env_file_that_are_no_assignments_are_named_without_their_text(problems: Problems) -> None:
    found = problems(dotenv="# Slack\nHACLUSTER_LOG__LEVEL=loud\nHACLUSTER_SLACK__BOT_TOKEN='xoxb-CANARY\n")
    assert found[""].message.startswith(".env, line 3: ")
    assert found["log.level"].origin == ".env: HACLUSTER_LOG__LEVEL"
    assert "CANARY" not in str(found)


def test_an_env_file_that_is_no_text_is_refused(problems: Problems, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    assert "UTF-8" in problems()[""].message


def test_a_secrets_folder_that_the_bot_may_not_read_is_told_with_the_other_mistakes(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> Never:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    monkeypatch.setattr(Path, "iterdir", refused)  # root, as which tests run too, may read everything
    found = problems('[log]\nlevel = "loud"', secrets={"slack__bot_token": "xoxb-1234"})
    assert "cannot be read: Permission denied" in found["secrets_dir"].message
    assert "log.level" in found


class TestFolders:
    """Files by plain name, from the folders that the operator named."""

    def test_a_secret_is_read_without_its_last_line_break(self, load: Load) -> None:
        settings = load(secrets={"ipmi_password": " with space \n"})
        assert settings.secret("ipmi_password") == " with space "

    def test_a_configuration_file_is_read_as_it_is(self, load: Load, tmp_path: Path) -> None:
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "web.cfg").write_text("global\n")
        assert load('files_dir = "files"').file("web.cfg") == "global\n"

    @pytest.mark.parametrize("name", ["../hacluster.toml", "/etc/passwd", "", ".", "..", ".env", "a/b", "a\0b", "a\n"])
    def test_no_name_leads_out_of_the_folder(self, load: Load, name: str) -> None:
        with pytest.raises(NotInFolder, match="plain file name"):
            load(secrets={}).secret(name)

    def test_the_bots_own_tokens_are_not_secrets_that_a_cluster_may_ask_for(self, load: Load) -> None:
        settings = load(secrets={"slack__bot_token": "xoxb-1234", "slack__app_token": "xapp-1234"})
        with pytest.raises(NotInFolder):
            settings.secret("slack__bot_token")

    def test_what_is_missing_or_unreadable_is_told_without_its_content(self, load: Load, tmp_path: Path) -> None:
        settings = load(secrets={})
        with pytest.raises(NotInFolder, match="files_dir is not set"):
            settings.file("web.cfg")
        with pytest.raises(NotInFolder, match="'ipmi_password' of secrets_dir cannot be read: No such file"):
            settings.secret("ipmi_password")
        (tmp_path / "secrets" / "binary").write_bytes(b"CANARY\xff")
        with pytest.raises(NotInFolder, match="UTF-8") as refused:
            settings.secret("binary")
        assert refused.value.__context__ is None
