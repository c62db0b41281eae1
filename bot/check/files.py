"""What can be said of the settings without asking anybody: the files they name, and what they leave out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.approvals import rules_that_never_fit
from bot.reports.schedule import parse_when
from bot.verbs import CHANGING
from commands.errors import UsageError
from commands.report import Finding, Level
from commands.verbs.setup.request import PASSWORD, one_line
from config.folders import NotInFolder, NotThere, is_file, is_folder
from config.inventory import ClusterSpec
from config.scope import named
from config.settings import Settings

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Check the files that the settings name, and what a newcomer forgets. Reads files, asks nobody."""
    if settings.read_from is None:
        yield Finding(
            Level.INFO,
            f"there is no hacluster.toml in {Path.cwd()}: what it could say has its default",
            "Begin with config/hacluster.example.toml; or go to its folder, or name it in HACLUSTER_CONFIG.",
        )
    yield from _ssh(settings)
    yield from _folders(settings)
    yield from _password(settings)
    for cluster in settings.clusters:
        yield from _cluster_files(settings, cluster)
    yield from _policy(settings)
    for mistake in rules_that_never_fit(settings.policy, CHANGING):
        yield Finding(Level.CRITICAL, str(mistake), mistake.remedy)
    yield from _reports(settings)
    if not settings.slack.configured:
        yield Finding(
            Level.INFO,
            "no Slack tokens: the bot works from the terminal only",
            "Make the app from config/slack-manifest.yaml, then set slack.bot_token and slack.app_token.",
        )
    names = ", ".join(cluster.name for cluster in settings.clusters)
    yield Finding(Level.OK, f"the settings are understood; clusters: {names or 'none yet'}")


def _reports(settings: Settings) -> Iterator[Finding]:
    for number, schedule in enumerate(settings.reports):
        try:
            parse_when(schedule.at)
        except UsageError as error:
            yield Finding(Level.CRITICAL, f"reports[{number}].at: {error}", error.remedy)
        known = {cluster.name for cluster in settings.clusters}
        for name in sorted(set(schedule.clusters) - known):
            yield Finding(
                Level.WARNING,
                f"reports[{number}].clusters: there is no cluster {name} in this file",
                "Until one of that name is made from chat, the report leaves it out.",
            )


def _ssh(settings: Settings) -> Iterator[Finding]:
    for key in settings.ssh.keys:
        yield from _private_file(key, "ssh.keys", "the private key")
    if settings.clusters and not settings.ssh.keys:
        yield Finding(Level.WARNING, "ssh.keys is empty: no node will let the bot in", "Give a private key file.")
    for file in settings.ssh.known_hosts:
        if not is_file(file):
            yield Finding(
                Level.WARNING,
                f"ssh.known_hosts: there is no file {file}",
                "Until it is there, only keys trusted from Slack count.",
            )


def _private_file(file: Path, setting: str, what: str) -> Iterator[Finding]:
    if not is_file(file):
        yield Finding(
            Level.CRITICAL,
            f"{setting}: there is no file {file} that the bot may see",
            f"Put {what} there; its folder must let the bot's own login in.",
        )
    elif not os.access(file, os.R_OK):
        yield Finding(Level.CRITICAL, f"{setting}: {file} cannot be read", "The bot itself must be able to read it.")
    elif file.stat().st_mode & _OTHERS:
        yield Finding(Level.WARNING, f"{setting}: others can read {file}", f"`chmod 600 {file}`")


def _folders(settings: Settings) -> Iterator[Finding]:
    for setting, folder in (("files_dir", settings.files_dir), ("secrets_dir", settings.secrets_dir)):
        if folder is not None and not is_folder(folder):
            yield Finding(Level.CRITICAL, f"{setting}: there is no folder {folder}", "Make it, or leave the key out.")
    if settings.secrets_dir is not None and is_folder(settings.secrets_dir):
        mode = settings.secrets_dir.stat().st_mode
        if mode & stat.S_IRWXO:
            yield Finding(
                Level.WARNING,
                f"secrets_dir: everybody on this machine can look into {settings.secrets_dir}",
                f"`chmod o= {settings.secrets_dir}`",
            )


def _password(settings: Settings) -> Iterator[Finding]:
    try:
        one_line(PASSWORD, settings.secret(PASSWORD))
    except NotThere:
        return
    except (NotInFolder, UsageError) as error:
        yield Finding(
            Level.CRITICAL,
            f"secrets_dir: {error}",
            "Write it anew, readable by the bot; or take it away, and `setup` makes a random one.",
        )


def _cluster_files(settings: Settings, cluster: ClusterSpec) -> Iterator[Finding]:
    try:
        if cluster.haproxy_cfg is not None:
            settings.file(cluster.haproxy_cfg)
    except NotInFolder as error:
        yield Finding(Level.CRITICAL, f"clusters.{cluster.name}.haproxy_cfg: {error}", "Put the file into files_dir.")
    for name in cluster.secrets:
        try:
            settings.secret(name)
        except NotInFolder as error:
            yield Finding(
                Level.CRITICAL, f"clusters.{cluster.name}.fencing: {error}", "Put the secret into secrets_dir."
            )


def _policy(settings: Settings) -> Iterator[Finding]:
    if settings.slack.configured and not settings.policy.grants:
        yield Finding(
            Level.WARNING,
            "policy.grants is empty: nobody may change anything from Slack",
            "Grant a role to somebody's id, which /hacluster whoami tells in Slack.",
        )
    known = {cluster.name for cluster in settings.clusters}
    for index, grant in enumerate(settings.policy.grants):
        for name in (name for scope in grant.clusters for name in named(scope, settings.policy.cluster_groups)):
            if name not in known:
                yield Finding(
                    Level.INFO,
                    f"policy.grants[{index}]: {name} is no cluster of the settings file",
                    "Right for one that is made from Slack; otherwise look at its spelling.",
                )
