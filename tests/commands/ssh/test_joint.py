"""Reads that are asked for at the same moment: one session, and an answer for each as if it had been alone."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.command import Command, Completed, Stdin
from commands.errors import CommandTimedOut, SudoRefused, Unreachable, UnreadableOutput
from commands.ssh import SshRunner
from commands.ssh.joint import Parts, Said
from commands.ssh.remote_line import joint_line
from config.inventory import NodeSpec
from tests.commands.ssh.conftest import Site
from tests.commands.ssh.open_ssh import OpenSsh, running, until_gone, until_running, why_not
from tests.commands.ssh.scripted_node import ScriptedNode, ScriptedSession

TRUE, FALSE = Command(("true",), joins=True), Command(("false",), joins=True)


async def asked(runner: SshRunner, node: NodeSpec, *commands: Command) -> list[Completed | BaseException]:
    return await asyncio.gather(*(runner.run(node, command) for command in commands), return_exceptions=True)


def answer(number: int, said: tuple[int, str, str]) -> bytes:
    status, out, err = said
    text = f"{out}{err}\n{status} {len(err.encode())}".encode()
    return f"{number} {len(text)}\n".encode() + text


def told(data: bytes, chunk: int) -> tuple[dict[int, Said], bool]:
    """Return what is made of so many bytes at a time, and whether it is spoilt."""
    parts = Parts(longest=10_000)
    pieces = (data[at : at + chunk] for at in range(0, len(data), chunk))
    heard = {number: said for piece in pieces for number, said in parts.take(piece)}
    return heard, parts.spoilt


async def joint(session: ScriptedSession) -> None:
    """Play a session of `true` and `false`; the second is the first to end."""
    session.print(answer(1, (1, "", "it is false")))
    session.print(answer(0, (0, "", "")))
    session.exit(0)


UNHURRIED = settings(deadline=None)
SAID = st.tuples(st.integers(0, 255), st.text(), st.text())


@UNHURRIED
@given(st.lists(SAID), st.randoms(use_true_random=False), st.integers(1, 50))
def test_what_each_said_is_told_apart_whatever_it_said_and_whoever_ends_first(
    said: list[tuple[int, str, str]], order: Random, chunk: int
) -> None:
    numbers = list(range(len(said)))
    order.shuffle(numbers)
    data = b"".join(answer(number, said[number]) for number in numbers)
    assert told(data, chunk) == ({number: Said(*one) for number, one in enumerate(said)}, False)


@UNHURRIED
@given(SAID, st.integers(min_value=1))
def test_an_answer_that_was_cut_short_is_none(said: tuple[int, str, str], short: int) -> None:
    first, second = answer(0, said), answer(1, said)
    assert list(told(first + second[: max(0, len(second) - short)], 1000)[0]) == [0]


@pytest.mark.parametrize(
    "words", [b"Welcome to n1\n", b"0 4\nabcd", b"0 5\na\n0 9", b"x" * 100, b"0 10001\n", b"0 -1\n"]
)
def test_what_is_no_answer_ends_the_telling(words: bytes) -> None:
    assert told(words + answer(0, (0, "out", "")), 7) == ({}, True)


async def test_reads_of_one_moment_share_a_session(site: Site, server: ScriptedNode, node: NodeSpec) -> None:
    server.scripts["false"] = joint
    true, false = await asked(site.runner(), node, TRUE, FALSE)
    assert isinstance(true, Completed)
    assert isinstance(false, Completed)
    assert (true.command, true.status) == (TRUE, 0)
    assert (false.command, false.status, false.stderr) == (FALSE, 1, "it is false")
    assert len(server.sessions) == 1


async def test_what_does_not_join_or_comes_later_has_a_session_of_its_own(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    runner = site.runner()
    await asked(runner, node, TRUE, replace(TRUE, joins=False))
    assert [session.words[-1] for session in server.sessions] == ["true", "true"]
    assert not any("bash" in session.words for session in server.sessions)


async def asked_three_times(
    server: ScriptedNode, runner: SshRunner, node: NodeSpec, first: Callable[[ScriptedSession], None]
) -> int:
    """Have the first joint session go badly; return how many there were once the reads were asked three times."""
    sessions = 0

    async def false(session: ScriptedSession) -> None:
        nonlocal sessions
        sessions += "bash" in session.words
        if "bash" not in session.words:
            session.exit(1)
        elif sessions == 1:
            first(session)
        else:
            await joint(session)

    server.scripts["false"] = false
    for _ in range(3):
        done = await asked(runner, node, TRUE, FALSE)
        assert [one.status for one in done if isinstance(one, Completed)] == [0, 1]
    return sessions


@pytest.mark.parametrize("status", [126, 127])
async def test_a_node_without_bash_is_asked_one_by_one(
    site: Site, server: ScriptedNode, node: NodeSpec, status: int
) -> None:
    tries = await asked_three_times(server, site.runner(), node, lambda session: session.exit(status))
    assert tries == 1, "it is not tried a second time"


async def test_a_node_that_greets_every_session_is_asked_one_by_one(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    def greet(session: ScriptedSession) -> None:
        session.print(b"Welcome to n1\n")  # and goes on: it is not waited for

    assert await asked_three_times(server, site.runner(), node, greet) == 1


@pytest.mark.parametrize("answers", [0, 1])
async def test_a_session_that_was_ended_on_the_node_is_answered_for_and_the_next_is_joint_again(
    site: Site, server: ScriptedNode, node: NodeSpec, answers: int
) -> None:
    """As by the TERM that a shutdown sends, or for want of memory."""

    def end(session: ScriptedSession) -> None:
        session.print(answer(0, (0, "", "")) * answers)
        session.exit(143 if answers == 0 else 127)

    assert await asked_three_times(server, site.runner(), node, end) == 3


async def test_each_is_lost_with_the_connection_under_its_own_name(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    async def drop(session: ScriptedSession) -> None:
        session.drop()

    server.scripts["false"] = drop
    lost = await asked(site.runner(), node, TRUE, FALSE)
    assert [type(one) for one in lost] == [Unreachable, Unreachable]
    assert ["`true`" in str(lost[0]), "`false`" in str(lost[1])] == [True, True]


async def test_a_node_that_cannot_be_reached_says_so_to_each(site: Site, node: NodeSpec) -> None:
    runner = site.runner()
    await runner.close()
    assert [type(one) for one in await asked(runner, node, TRUE, FALSE)] == [Unreachable, Unreachable]


async def test_one_that_is_given_up_takes_none_of_the_others_along(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: ScriptedSession) -> None:
        begun.set()
        await go_on.wait()
        await joint(session)

    server.scripts["false"] = slow
    runner = site.runner()
    one, other = (asyncio.create_task(runner.run(node, command)) for command in (TRUE, FALSE))
    await begun.wait()
    one.cancel()
    go_on.set()
    assert (await other).status == 1
    assert one.cancelled()


async def test_a_session_that_nobody_waits_for_any_more_is_ended(
    site: Site, server: ScriptedNode, node: NodeSpec
) -> None:
    begun = asyncio.Event()

    async def never(_: ScriptedSession) -> None:
        begun.set()
        await asyncio.Event().wait()

    server.scripts["false"] = never
    runner = site.runner()
    tasks = [asyncio.create_task(runner.run(node, command)) for command in (TRUE, FALSE)]
    await begun.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(server.sessions[-1].closed.wait(), 5)


@pytest.mark.parametrize("more", [{"changes": True}, {"stdin": Stdin("x", "a word")}])
def test_only_plain_reads_join(more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="only a read"):
        replace(TRUE, **more)  # type: ignore[arg-type]


@pytest.fixture
async def sshd(site: Site, host_key: object, login_key: object) -> object:
    server = OpenSsh(host_key, login_key)  # type: ignore[arg-type]
    await server.start()
    yield site.place("n1", server.port, trust=host_key)  # type: ignore[arg-type]
    await server.stop()


def _shell(script: str, *, timeout: float = 60.0, root: bool = True) -> Command:
    return Command(("sh", "-c", script), timeout=timeout, root=root, joins=True)


@pytest.mark.skipif(bool(why_not()), reason=why_not())
@pytest.mark.parametrize("user", ["root", "bot"])
class TestOnOpenSsh:
    """The script itself, with a real bash, sudo and timeout."""

    async def test_each_has_its_own_output_errors_status_and_privileges(
        self, site: Site, sshd: NodeSpec, user: str
    ) -> None:
        commands: Sequence[Command] = (
            Command(("id", "-u"), joins=True),
            Command(("id", "-un"), root=False, joins=True),
            _shell("printf 'größe'; echo oops >&2; exit 3"),
            _shell("cat; echo 'end of the input'"),
            _shell('echo "$LC_ALL"'),
            Command(("absent",), root=False, joins=True),
        )
        done = await asked(site.runner(user=user), sshd, *commands)
        said = [(one.status, one.stdout) for one in done if isinstance(one, Completed)]
        assert said == [(0, "0\n"), (0, f"{user}\n"), (3, "größe"), (0, "end of the input\n"), (0, "C\n"), (127, "")]
        assert isinstance(done[2], Completed)
        assert done[2].stderr == "oops"

    async def test_they_run_at_the_same_time_and_much_of_what_one_prints_holds_up_none(
        self, site: Site, sshd: NodeSpec, user: str
    ) -> None:
        """Each of two waits for a file that the other makes."""
        folder = (await site.runner(user=user).run(sshd, Command(("sh", "-c", "mktemp -d")))).stdout.strip()
        meet = "touch {0}/{1}; until [ -e {0}/{2} ]; do sleep 0.05; done; head -c 300000 /dev/zero | tr '\\0' x"
        one, other = (_shell(meet.format(folder, *names)) for names in ("ab", "ba"))
        done = await asked(site.runner(user=user), sshd, one, other)
        assert [len(each.stdout) for each in done if isinstance(each, Completed)] == [300_000, 300_000]

    async def test_one_that_hangs_keeps_back_nobody_else(self, site: Site, sshd: NodeSpec, user: str) -> None:
        runner = site.runner(user=user)
        hanging = asyncio.create_task(runner.run(sshd, _shell("exec sleep 50")))
        fine = asyncio.create_task(runner.run(sshd, _shell("echo fine")))
        assert (await asyncio.wait_for(fine, 40)).stdout == "fine\n"
        assert not hanging.done()
        hanging.cancel()
        await asyncio.wait([hanging])

    async def test_nothing_stays_on_the_node_when_the_bot_is_gone_before_they_end(
        self, site: Site, sshd: NodeSpec, user: str
    ) -> None:
        runner = site.runner(user=user)
        folder = (await runner.run(sshd, Command(("sh", "-c", "mktemp -d")))).stdout.strip()
        wait = f"until [ -e {folder}/go ]; do sleep 0.05; done; head -c 300000 /dev/zero | tr '\\0' {{0}}"
        commands = [_shell(wait.format(letter)) for letter in "abc"]
        line = shlex.split(joint_line(commands, user, kill_after=site.options.kill_after, cap=site.options.output_cap))
        script = line[line.index("bash") :]
        tasks = [asyncio.create_task(runner.run(sshd, command)) for command in commands]
        for command in commands:
            await until_running(command.argv)
        assert running(script)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        # on the same connection: sshd has closed their channel before it begins this
        await runner.run(sshd, Command(("sh", "-c", f"touch {folder}/go")))
        assert await until_gone(script, 20)
        await runner.run(sshd, Command(("sh", "-c", f"rm -r {folder}")))

    async def test_one_out_of_time_or_too_long_is_told_of_by_itself(
        self, site: Site, sshd: NodeSpec, user: str
    ) -> None:
        runner = site.runner(user=user, output_cap=1000, kill_after=1.0, grace=5.0)
        late, long, fine = await asked(
            runner,
            sshd,
            _shell("exec sleep 30", timeout=0.5),
            _shell("head -c 1500 /dev/zero | tr '\\0' x"),
            _shell("echo fine"),
        )
        assert isinstance(late, CommandTimedOut)
        assert isinstance(long, UnreadableOutput)
        assert isinstance(fine, Completed)
        assert fine.stdout == "fine\n"

    @pytest.mark.parametrize("what", ["yes '0 0'", "yes ''", "cat /dev/zero", "yes >&2", "cat /dev/zero >&2"])
    async def test_one_that_prints_without_end_is_cut_short_on_the_node_and_told_of_as_too_long(
        self, site: Site, sshd: NodeSpec, user: str, what: str
    ) -> None:
        runner = site.runner(user=user, output_cap=100_000)
        for _ in range(2):
            long, fine = await asked(runner, sshd, _shell(what), _shell("echo fine; echo oops >&2; exit 3"))
            assert isinstance(long, UnreadableOutput)
            assert isinstance(fine, Completed)
            assert (fine.status, fine.stdout, fine.stderr) == (3, "fine\n", "oops")

    async def test_what_just_fits_is_whole(self, site: Site, sshd: NodeSpec, user: str) -> None:
        out, err = await asked(
            site.runner(user=user, output_cap=100_000),
            sshd,
            _shell("head -c 100000 /dev/zero | tr '\\0' x; exit 3"),
            _shell("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 4"),
        )
        assert isinstance(out, Completed)
        assert isinstance(err, Completed)
        assert (out.status, len(out.stdout), err.status, len(err.stderr)) == (3, 100_000, 4, 100_000)

    async def test_what_sudo_refuses_is_told_of_by_itself(self, site: Site, sshd: NodeSpec, user: str) -> None:
        refused, fine = await asked(
            site.runner(user=user), sshd, Command(("cat", "/etc/shadow"), joins=True), _shell("echo fine")
        )
        assert isinstance(refused, Completed if user == "root" else SudoRefused)
        assert isinstance(fine, Completed)
