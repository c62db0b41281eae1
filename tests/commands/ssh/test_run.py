"""Commands on a node that behaves, and their fate on one that does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncssh
import pytest

from commands.command import Command, Stdin
from commands.errors import (
    CommandTimedOut,
    HaclusterError,
    OutcomeUnknown,
    SudoRefused,
    Unreachable,
    UnreadableOutput,
)
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Site
from tests.commands.ssh.scripted_node import ScriptedNode, ScriptedSession

TRUE = Command(("true",))


def fate(command: Command) -> type[HaclusterError]:
    return OutcomeUnknown if command.changes else Unreachable


async def test_a_command_ends_with_what_it_printed_and_how(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def both(session: ScriptedSession) -> None:
        session.print("größe\n".encode())
        session.complain(b"careful\n")
        session.exit(3)

    server.scripts["both"] = both
    done = await site.runner().run(node, Command(("both",)))
    assert (done.node, done.status, done.stdout, done.stderr) == ("n1", 3, "größe\n", "careful\n")
    assert 0 < done.seconds < 5


async def test_standard_input_is_delivered_and_ends(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def cat(session: ScriptedSession) -> None:
        await session.input_ended.wait()
        session.print(session.input)
        session.exit()

    server.scripts["cat"] = cat
    runner = site.runner()
    text = "pässword\n" * 100_000
    assert (await runner.run(node, Command(("cat",), stdin=Stdin(text, "text")))).stdout == text
    assert (await runner.run(node, Command(("cat",)))).stdout == ""


async def test_a_command_that_ends_without_reading_its_input_still_ends(site: Site, node: NodeSpec) -> None:
    done = await site.runner().run(node, Command(("false",), stdin=Stdin("x" * 10_000_000, "much")))
    assert done.status == 1


async def test_bytes_that_are_not_utf8_are_replaced_and_cost_no_connection(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def garbage(session: ScriptedSession) -> None:
        session.print(b"\xff\xfe ok \x80\n")
        session.complain(b"\xc3")
        session.exit()

    server.scripts["garbage"] = garbage
    runner = site.runner()
    done = await runner.run(node, Command(("garbage",)))
    assert (done.stdout, done.stderr) == ("\ufffd\ufffd ok \ufffd\n", "\ufffd")
    await runner.run(node, TRUE)
    assert len(server.connections) == 1


async def test_an_end_without_exit_status_is_an_unknown_end(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    async def vanish(session: ScriptedSession) -> None:
        session.print(b"all is well\n")
        session.channel.close()

    server.scripts["vanish"] = vanish
    command = either("vanish")
    with pytest.raises(fate(command), match="n1: `vanish`: the connection was lost"):
        await site.runner().run(node, command)


async def test_a_connection_lost_half_way_is_an_unknown_end_and_the_next_command_gets_a_new_one(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    async def die(session: ScriptedSession) -> None:
        session.print(b"half of")
        session.drop()

    server.scripts["die"] = die
    runner = site.runner()
    command = either("die")
    with pytest.raises(fate(command)):
        await runner.run(node, command)
    assert (await runner.run(node, TRUE)).status == 0
    assert len(server.connections) == 2


async def test_a_connection_lost_between_asking_and_the_answer_is_an_unknown_end(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    def die(session: ScriptedSession) -> bool:
        session.drop()
        return True

    server.on_exec = die
    command = either("true")
    with pytest.raises(fate(command), match="the connection was lost"):
        await site.runner().run(node, command)
    assert len(server.sessions) == 1, "a change may not be asked for twice"


async def test_a_login_that_runs_no_commands_says_so(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    server.on_exec = lambda _: False
    command = either("true")
    with pytest.raises(fate(command), match="does not run commands"):
        await site.runner().run(node, command)


async def test_a_lost_change_whose_exit_status_came_is_not_unknown(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def last_word(session: ScriptedSession) -> None:
        session.channel._send_request(b"exit-status", (0).to_bytes(4, "big"))
        session.drop()

    server.scripts["last-word"] = last_word
    done = await site.runner().run(node, Command(("last-word",), changes=True))
    assert done.status == 0
    with pytest.raises(Unreachable):
        await site.runner().run(node, Command(("last-word",)))


async def test_a_change_that_leaves_a_process_behind_is_not_waited_for(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def daemon(session: ScriptedSession) -> None:
        session.print(b"started\n")
        session.channel._send_request(b"exit-status", (0).to_bytes(4, "big"))
        await session.closed.wait()

    server.scripts["daemon"] = daemon
    done = await site.runner().run(node, Command(("daemon",), changes=True, timeout=60))
    assert (done.status, done.stdout) == (0, "started\n")
    assert done.seconds < 30


async def test_a_command_that_hangs_is_given_up_and_told_to_end(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command]
) -> None:
    async def hang(session: ScriptedSession) -> None:
        await session.closed.wait()

    server.scripts["hang"] = hang
    runner = site.runner()
    command = either("hang", timeout=0.1)
    expected = OutcomeUnknown if command.changes else CommandTimedOut
    with pytest.raises(expected, match=r"`hang` did not end within 0\.1 s"):
        await runner.run(node, command)
    await asyncio.wait_for(server.sessions[0].closed.wait(), 5)
    assert server.sessions[0].signals == ["TERM"]
    await runner.run(node, TRUE)
    assert len(server.connections) == 1


@pytest.mark.parametrize("status", [124, 137, 143])
async def test_the_end_that_timeout_gave_a_command_is_recognised(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command], status: int
) -> None:
    async def ended(session: ScriptedSession) -> None:
        await asyncio.sleep(0.2)
        session.exit(status)

    server.scripts["ended"] = ended
    command = either("ended", timeout=0.2)
    with pytest.raises(OutcomeUnknown if command.changes else CommandTimedOut):
        await site.runner(grace=5.0).run(node, command)


@pytest.mark.parametrize("status", [124, 137, 143])
async def test_the_same_status_before_its_time_is_the_commands_own(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command], status: int
) -> None:
    async def early(session: ScriptedSession) -> None:
        session.exit(status)

    server.scripts["early"] = early
    assert (await site.runner().run(node, either("early", timeout=60))).status == status


@pytest.mark.parametrize(("name", "status"), [("KILL", 137), ("SEGV", 139), ("NO-SUCH", 255)])
async def test_death_by_a_signal_has_the_status_a_shell_gives_it(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command], name: str, status: int
) -> None:
    async def killed(session: ScriptedSession) -> None:
        session.channel.exit_with_signal(name)

    server.scripts["killed"] = killed
    assert (await site.runner().run(node, either("killed"))).status == status


async def test_a_read_that_prints_too_much_is_ended_and_refused(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def flood(session: ScriptedSession) -> None:
        while True:
            session.print(b"x" * 4096)
            await asyncio.sleep(0)

    server.scripts["flood"] = flood
    runner = site.runner(output_cap=100_000)
    with pytest.raises(UnreadableOutput, match="longer than 100000 bytes") as caught:
        await runner.run(node, Command(("flood",)))
    assert caught.value.node == "n1"
    await runner.run(node, TRUE)
    assert len(server.connections) == 1


async def test_a_change_that_prints_too_much_still_ends_as_it_ended(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def chatter(session: ScriptedSession) -> None:
        for _ in range(100):
            session.print(b"x" * 4096)
        session.exit(7)

    server.scripts["chatter"] = chatter
    done = await site.runner(output_cap=10_000).run(node, Command(("chatter",), changes=True))
    assert (done.status, done.stdout) == (7, "x" * 10_000)


@pytest.mark.parametrize(
    "words",
    [
        "sudo: a password is required",
        "sudo: unable to open /etc/sudoers: Permission denied",
        "sudo: a terminal is required to read the password; either use the -S option to read from standard input",
        "sudo: sorry, you must have a tty to run sudo",
        "Sorry, user bot is not allowed to execute '/usr/sbin/pcs status' as root on n1.",
        "Sorry, user bot may not run sudo on n1.",
        "bot is not in the sudoers file.  This incident will be reported.",
        "sudo: /etc/sudoers is world writable",
        'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
    ],
)
async def test_a_refusal_by_sudo_is_told_from_a_failure_of_the_command(
    site: Site, server: ScriptedNode, node: NodeSpec, either: Callable[..., Command], words: str
) -> None:
    async def refused(session: ScriptedSession) -> None:
        session.complain(f"sudo: unable to resolve host n1: Name or service not known\n{words}\n".encode())
        session.exit(1)

    server.scripts["pcs"] = refused
    with pytest.raises(SudoRefused) as caught:
        await site.runner(user="bot").run(node, either("pcs"))
    assert caught.value.output == words
    assert caught.value.remedy
    assert (await site.runner(user="root").run(node, either("pcs"))).status == 1


async def test_a_warning_by_sudo_is_no_refusal(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    async def failed(session: ScriptedSession) -> None:
        session.complain(b"sudo: unable to resolve host n1: Name or service not known\nError: cluster is not running\n")
        session.exit(1)

    server.scripts["pcs"] = failed
    assert (await site.runner(user="bot").run(node, Command(("pcs",)))).status == 1


async def test_a_program_that_sudo_does_not_find_has_the_status_of_any_missing_program(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def missing(session: ScriptedSession) -> None:
        session.complain(b"sudo: unable to resolve host n1: Name or service not known\n")
        session.complain(b"sudo: pcs: command not found\n")
        session.exit(1)

    server.scripts["pcs"] = missing
    assert (await site.runner(user="bot").run(node, Command(("pcs",)))).status == 127


async def test_a_secret_on_standard_input_is_in_no_error_and_no_log(
    site: Site,
    server: ScriptedNode,
    node: NodeSpec,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def die(session: ScriptedSession) -> None:
        await session.input_ended.wait()
        session.drop()

    server.scripts["die"] = die
    caplog.set_level("DEBUG")
    asyncssh.set_debug_level(2)
    secret = Stdin("canary-0451", "the password", secret=True)
    try:
        for timeout in (5.0, 0.0001):
            with pytest.raises(HaclusterError) as caught:
                await site.runner().run(node, Command(("die",), stdin=secret, timeout=timeout, changes=True))
            error: BaseException | None = caught.value
            while error is not None:
                assert "canary" not in f"{error!r} {error} {error.__dict__}"
                error = error.__context__
    finally:
        asyncssh.set_debug_level(1)
    assert "canary" not in caplog.text
    assert "canary" not in "".join(capfd.readouterr())
