"""The questions to every node: SSH, root, the clock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.check.nodes import check_nodes
from commands.command import Command, Completed, Stream
from commands.errors import HaclusterError, HostKeyUnknown, SudoRefused, Unreachable
from commands.report import Finding, Level
from config.inventory import ClusterSpec, NodeSpec

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Told = str | HaclusterError | tuple[int, str]


@dataclass
class Nodes:
    """A runner whose nodes answer as the test says: text, an exit status with text, or a failure, by program."""

    answers: Mapping[str, Mapping[str, Told]] = field(default_factory=dict)
    asked: list[tuple[str, Command]] = field(default_factory=list)

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        self.asked.append((node.name, command))
        fine: Mapping[str, Told] = {"true": "", "id": "0\n", "date": f"{NOW.timestamp():.9f}\n"}
        told = {**fine, **self.answers.get(node.name, {})}[command.argv[0]]
        if isinstance(told, HaclusterError):
            raise told
        status, text = told if isinstance(told, tuple) else (0, told)
        return Completed(node.name, command, status, text, "")

    def stream(self, node: NodeSpec, command: Command) -> AbstractAsyncContextManager[Stream]:
        raise AssertionError(f"nothing is streamed from {node.name}: {command.argv}")


def cluster(name: str, *nodes: str) -> ClusterSpec:
    numbered = enumerate(nodes, start=1)
    return ClusterSpec.model_validate(
        {"name": name, "nodes": [{"name": node, "addresses": [f"10.0.0.{number}"]} for number, node in numbered]}
    )


async def findings(nodes: Nodes, *clusters: ClusterSpec, login: str = "root") -> list[Finding]:
    return [finding async for finding in check_nodes(clusters, nodes, lambda: NOW, login)]


async def test_nodes_that_work_are_told_one_by_one_and_nothing_is_changed() -> None:
    nodes = Nodes()
    found = await findings(nodes, cluster("web", "n1", "n2"), cluster("db", "d1"))
    assert [(finding.level, finding.node) for finding in found] == [
        (Level.OK, "web/n1"),
        (Level.OK, "web/n2"),
        (Level.OK, None),
        (Level.OK, "db/d1"),
        (Level.OK, None),
    ]
    assert not any(command.changes for _, command in nodes.asked)


async def test_a_node_that_cannot_be_reached_does_not_hide_the_others() -> None:
    lost = Unreachable("nobody answers", node="n1", remedy="Is it on?")
    found = await findings(Nodes({"n1": {"true": lost}}), cluster("web", "n1", "n2"))
    assert found[0] == Finding(Level.CRITICAL, "nobody answers", "Is it on?", "web/n1")
    assert [finding.level for finding in found[1:]] == [Level.OK, Level.OK]


async def test_an_unknown_host_key_is_told_with_its_fingerprint() -> None:
    unknown = HostKeyUnknown(
        "its host key is new: SHA256:abc",
        node="n1",
        address="10.0.0.1",
        port=22,
        key="ssh-ed25519 AAAA",
        fingerprint="SHA256:abc",
    )
    (finding,) = await findings(Nodes({"n1": {"true": unknown}}), cluster("web", "n1"))
    assert "SHA256:abc" in finding.text
    assert finding.remedy


async def test_a_login_shell_that_refuses_is_no_working_ssh() -> None:
    (finding,) = await findings(Nodes({"n1": {"true": (1, "This account is not available.")}}), cluster("web", "n1"))
    assert finding.level is Level.CRITICAL


async def test_sudo_that_refuses_is_told_with_what_to_do() -> None:
    refused = SudoRefused(node="n1", argv=("id", "-u"), status=1, output="a password is required")
    found = await findings(Nodes({"n1": {"id": refused}}), cluster("web", "n1"))
    assert (found[0].level, found[0].node) == (Level.CRITICAL, "web/n1")
    assert "not as root" in found[0].text
    assert "sudoers" in found[0].remedy


async def test_sudo_to_somebody_else_is_not_root() -> None:
    found = await findings(Nodes({"n1": {"id": "1000\n"}}), cluster("web", "n1"))
    assert found[0].level is Level.CRITICAL
    assert "1000" in found[0].text


async def test_a_login_that_sudo_allows_everything_is_told_as_root_is_and_root_is_not_asked() -> None:
    ops, root = Nodes({"n1": {"sh": "end\n"}}), Nodes()
    assert await findings(ops, cluster("web", "n1"), login="ops") == await findings(root, cluster("web", "n1"))
    (asked,) = (command for _, command in ops.asked if command.argv[0] == "sh")
    assert {"pcs", "chpasswd", "env DEBIAN_FRONTEND=noninteractive apt-get --version"} <= set(asked.argv)
    assert not asked.root


async def test_programs_that_sudo_refuses_are_named_by_what_needs_them() -> None:
    said = "refused chpasswd\nrefused crm_mon\nrefused pcs\nend\n"
    found = await findings(Nodes({"n1": {"sh": said}}), cluster("web", "n1"), login="ops")
    looking, changing = found[1:3]
    assert (looking.level, looking.node) == (Level.CRITICAL, "web/n1")
    assert "`crm_mon`, `pcs`" in looking.text
    assert (changing.level, changing.node) == (Level.WARNING, "web/n1")
    assert "`chpasswd`" in changing.text
    assert "hacluster sudoers --login ops" in looking.remedy


async def test_what_sudo_allows_is_unknown_where_the_answer_breaks_off() -> None:
    found = await findings(Nodes({"n1": {"sh": "refused pcs\n"}}), cluster("web", "n1"), login="ops")
    assert (found[1].level, found[1].node) == (Level.UNKNOWN, "web/n1")


def at(seconds: float) -> Mapping[str, Told]:
    return {"date": f"{NOW.timestamp() + seconds:.9f}\n"}


async def test_clocks_that_are_apart_are_told_with_both_nodes() -> None:
    found = await findings(Nodes({"n1": at(-1.5), "n2": at(1.0)}), cluster("web", "n1", "n2"))
    assert found[-1].level is Level.CRITICAL
    assert "web/n1 and web/n2 are 2.5 s apart" in found[-1].text


async def test_clocks_within_two_seconds_are_fine() -> None:
    found = await findings(Nodes({"n1": at(-0.9), "n2": at(1.0)}), cluster("web", "n1", "n2"))
    assert found[-1].level is Level.OK


async def test_nodes_that_agree_with_each_other_and_not_with_the_bot_are_a_warning() -> None:
    found = await findings(Nodes({"n1": at(-60), "n2": at(-60.5)}), cluster("web", "n1", "n2"))
    assert found[-1].level is Level.WARNING
    assert "-60.5 s off the bot's" in found[-1].text


async def test_a_clock_that_cannot_be_read_is_unknown_not_right() -> None:
    found = await findings(Nodes({"n1": {"date": "12:00"}}), cluster("web", "n1", "n2"))
    unknown = [finding for finding in found if finding.level is Level.UNKNOWN]
    assert [finding.node for finding in unknown] == ["web/n1"]
    assert "the clocks agree (web/n2)" in found[-1].text
