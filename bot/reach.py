"""From settings to what reaches out: SSH to the nodes, and Slack's Web API for `hacluster check`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.check.slack import SlackProbe
from bot.slack.api import open_api
from bot.slack.probe import Probe
from bot.store import Store
from commands.ssh import AnyOf, HostKeys, Jump, KnownHostsFiles, SshOptions, SshRunner
from config.sections import SlackSettings, SshSettings


def ssh_options(ssh: SshSettings) -> SshOptions:
    """Return the settings as the SSH connections take them."""
    jump = ssh.jump_host
    return SshOptions(
        user=ssh.user,
        keys=ssh.keys,
        passphrase=ssh.passphrase.get_secret_value() if ssh.passphrase else None,
        port=ssh.port,
        allowed_networks=ssh.allowed_networks,
        jump=Jump(jump.host, jump.port, jump.user) if jump else None,
        connect_timeout=ssh.connect_timeout,
        keepalive_interval=ssh.keepalive_interval,
        keepalive_count=ssh.keepalive_count,
        max_sessions=ssh.max_sessions,
        output_cap=ssh.output_cap,
        connect_to=ssh.connect_to,
    )


@asynccontextmanager
async def nodes(ssh: SshSettings, store: Store | None) -> AsyncIterator[SshRunner]:
    """Hold the connections to the nodes. Keys trusted from Slack count beside those of the known_hosts files."""
    files = KnownHostsFiles(ssh.known_hosts)
    trusted: HostKeys = files if store is None else AnyOf((files, store))
    runner = SshRunner(ssh_options(ssh), trusted)
    try:
        yield runner
    finally:
        await runner.close()


@asynccontextmanager
async def slack_probe(slack: SlackSettings) -> AsyncIterator[SlackProbe | None]:
    """Hold a session to Slack that asks `hacluster check`'s questions; None without tokens."""
    if slack.bot_token is None:
        yield None
        return
    async with open_api(slack.bot_token.get_secret_value(), slack.api_url) as api:
        yield Probe(api, slack.app_token.get_secret_value() if slack.app_token else None)
