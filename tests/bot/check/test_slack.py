"""The questions to Slack, asked of a real Web API on loopback."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.check.slack import check_slack
from bot.reach import slack_probe
from bot.slack.scopes import APP_SCOPE, BOT_SCOPES, HISTORY_SCOPES
from commands.report import Finding, Level
from config.inventory import ClusterSpec, NodeSpec
from config.policy import Grant, Policy, Role
from config.sections import SlackSettings
from config.settings import Settings
from config.watch_sections import ReportSchedule, WatchSettings
from sandbox.slack import DEMO, Workspace
from sandbox.slack.world import Channel, World

MANIFEST = Path(__file__).parents[3] / "config" / "slack-manifest.yaml"


def spec(*channels: str) -> ClusterSpec:
    node = NodeSpec.model_validate({"name": "n1", "addresses": ["10.0.0.1"]})
    return ClusterSpec(name="web", nodes=(node,), channels=channels)


def world(*more: Channel) -> World:
    return replace(DEMO, channels=(*DEMO.channels, *more))


async def findings(
    workspace: Workspace,
    *channels: str,
    bot_token: str = "",
    app_token: str = "",
    policy: Policy | None = None,
    watch: WatchSettings | None = None,
    reports: tuple[ReportSchedule, ...] = (),
) -> list[Finding]:
    slack = SlackSettings(
        bot_token=SecretStr(bot_token or workspace.bot_token),
        app_token=SecretStr(app_token or workspace.app_token),
        api_url=f"{workspace.url}/api/",
    )
    settings = Settings(slack=slack, policy=policy or Policy(), watch=watch or WatchSettings(), reports=reports)
    async with slack_probe(slack) as probe:
        assert probe is not None
        return [finding async for finding in check_slack(settings, (spec(*channels),), probe)]


def wrong(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.level not in {Level.OK, Level.INFO}]


async def test_a_workspace_that_is_ready_has_nothing_wrong() -> None:
    async with Workspace() as workspace:
        policy = Policy(grants=(Grant(role=Role.ADMIN, groups=("S0000000OPS",), clusters=("*",)),))
        found = await findings(workspace, "C0000000OPS", "C0000000WEB", policy=policy)
        assert wrong(found) == []
        text = "\n".join(finding.text for finding in found)
        for told in ("@hacluster in Sandbox (T00000TEAM1)", "#ops", "#web", "Socket Mode", "7 scopes", "has 2 members"):
            assert told in text


async def test_a_wrong_bot_token_ends_the_questions_with_what_to_do() -> None:
    async with Workspace() as workspace:
        (finding,) = wrong(await findings(workspace, "C0000000OPS", bot_token="xoxb-wrong"))
        assert "invalid_auth" in finding.text
        assert finding.text.startswith("slack.bot_token")
        assert finding.remedy


async def test_a_wrong_app_token_is_told_beside_everything_else() -> None:
    async with Workspace() as workspace:
        found = await findings(workspace, "C0000000OPS", app_token="xapp-wrong")
        (finding,) = wrong(found)
        assert finding.text.startswith("slack.app_token")
        assert APP_SCOPE in finding.remedy
        assert any("#ops" in each.text for each in found)


async def test_missing_scopes_are_named_and_surplus_ones_too() -> None:
    scopes = [*sorted(BOT_SCOPES - {"files:write", "channels:read"}), "chat:write.public"]
    async with Workspace(scopes=scopes) as workspace:
        found = await findings(workspace, "C0000000OPS")
        critical = next(finding for finding in found if finding.level is Level.CRITICAL)
        assert "channels:read, files:write" in critical.text
        assert any("chat:write.public" in finding.text for finding in found if finding.level is Level.INFO)
        # without the scope nobody knows whether the bot is a member: that is not a no
        assert any("C0000000OPS" in finding.text for finding in found if finding.level is Level.UNKNOWN)


@pytest.mark.parametrize(
    ("granted", "level", "told"),
    [
        ((), Level.INFO, "cannot be looked for: it is sent again"),
        (("channels:history",), Level.INFO, "cannot be looked for in private channels"),
        (("channels:history", "groups:history"), Level.OK, "can be looked for"),
    ],
)
async def test_whether_a_message_of_unknown_fate_can_be_found_is_told(
    granted: tuple[str, ...], level: Level, told: str
) -> None:
    async with Workspace(scopes=(*sorted(BOT_SCOPES), *granted)) as workspace:
        found = await findings(workspace, "C0000000OPS")
        (finding,) = [each for each in found if "unknown fate" in each.text]
        assert finding.level is level
        assert told in finding.text
        assert all(scope in finding.remedy for scope in HISTORY_SCOPES - set(granted))
        assert not any("more than it needs" in each.text for each in found)


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("C00000RANDM", "the bot is not in #random (C00000RANDM)"),
        ("C0000NOSUCH", "the bot sees no channel C0000NOSUCH"),
        ("C0000SECRET", "the bot sees no channel C0000SECRET"),
        ("C00000GONE1", "#gone (C00000GONE1) is archived"),
    ],
)
async def test_a_channel_that_the_bot_cannot_write_in_is_told(channel: str, told: str) -> None:
    more = (
        Channel("C0000SECRET", "secret", (), is_private=True),
        Channel("C00000GONE1", "gone", (DEMO.app.bot_user.id,), is_archived=True),
    )
    async with Workspace(world(*more)) as workspace:
        (finding,) = wrong(await findings(workspace, channel))
        assert finding.level is Level.CRITICAL
        assert told in finding.text
        assert finding.remedy


async def test_a_channel_of_the_policy_counts_and_each_is_asked_once() -> None:
    async with Workspace() as workspace:
        policy = Policy(channels=("C0000000OPS", "C00000RANDM"))
        found = await findings(workspace, "C0000000OPS", policy=policy)
        assert len([finding for finding in found if "C0000000OPS" in finding.text]) == 1
        assert len([finding for finding in found if "C00000RANDM" in finding.text]) == 1


async def test_a_user_group_that_is_not_there_is_told() -> None:
    async with Workspace() as workspace:
        policy = Policy(grants=(Grant(role=Role.ADMIN, groups=("S0000000XXX",), clusters=("*",)),))
        (finding,) = wrong(await findings(workspace, "C0000000OPS", policy=policy))
        assert "no user group S0000000XXX" in finding.text


async def test_a_slack_that_cannot_be_reached_is_told_without_tokens() -> None:
    async with Workspace() as workspace:
        pass
    found = await findings(workspace, "C0000000OPS", bot_token="xoxb-c4n4ry", app_token="xapp-c4n4ry")
    assert [finding.level for finding in found] == [Level.CRITICAL, Level.CRITICAL]
    assert "cannot be reached" in found[0].text
    assert "c4n4ry" not in repr(found)


async def test_without_tokens_nothing_is_asked() -> None:
    async with slack_probe(SlackSettings()) as probe:
        assert probe is None


class TestManifest:
    """The manifest is text for Slack; these read the few lines that must agree with the code."""

    @pytest.fixture
    def lines(self) -> list[str]:
        return [line.strip() for line in MANIFEST.read_text().splitlines() if not line.strip().startswith("#")]

    def test_it_asks_for_exactly_the_scopes_that_are_checked(self, lines: list[str]) -> None:
        begin, end = lines.index("bot:"), lines.index("settings:")
        assert lines[begin + 1 : end] == [f"- {scope}" for scope in sorted(BOT_SCOPES)]

    def test_it_names_the_optional_scopes_without_asking_for_them(self) -> None:
        commented = [line.strip(" #") for line in MANIFEST.read_text().splitlines() if line.strip().startswith("# - ")]
        assert [line for line in commented if line.endswith(":history")] == [
            f"- {scope}" for scope in sorted(HISTORY_SCOPES)
        ]

    def test_it_has_the_slash_command_with_mentions_as_ids(self, lines: list[str]) -> None:
        assert "- command: /hacluster" in lines
        assert "should_escape: true" in lines
        assert "socket_mode_enabled: true" in lines
        assert lines[lines.index("bot_events:") + 1] == "- app_mention"


async def test_where_alerts_and_reports_go_and_who_is_called_is_tried_too() -> None:
    async with Workspace() as workspace:
        watch = WatchSettings(channel="C0000000WEB", mentions={"service": ("S0000000OPS", "here")})
        reports = (ReportSchedule(channel="C0000000OPS", at="every day 07:00"),)
        text = "\n".join(finding.text for finding in await findings(workspace, watch=watch, reports=reports))
        for told in ("#web", "#ops", "has 2 members"):
            assert told in text


async def test_a_cluster_whose_alerts_go_nowhere_is_named() -> None:
    async with Workspace() as workspace:
        assert "alerts of web go nowhere" in [finding.text for finding in wrong(await findings(workspace))]
        off = wrong(await findings(workspace, watch=WatchSettings(enabled=False)))
        assert "alerts of web go nowhere" not in [finding.text for finding in off]
