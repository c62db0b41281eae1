"""The running HAProxy, from its runtime socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import haproxy_stat
from commands.facts.fact import NotRunning
from commands.facts.haproxy_stat import Frontend, ProxyServer, ProxyStatus

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def status(recorded: Recorded, debian: int, situation: str) -> ProxyStatus:
    record = haproxy_stat.parse(recorded(f"hosts/debian{debian}/{situation}/haproxy-stat.n1"))
    assert isinstance(record, ProxyStatus)
    return record


@pytest.mark.parametrize(("debian", "version"), [(11, "2.2."), (12, "2.6."), (13, "3.0.")])
def test_a_healthy_proxy(recorded: Recorded, debian: int, version: str) -> None:
    found = status(recorded, debian, "healthy")

    assert found.version.startswith(version)
    assert found.uptime_s > 0
    assert found.frontends == tuple(Frontend(name, "OPEN", 0) for name in ("web", "web1", "web2"))
    assert [(s.proxy, s.name, s.status, s.up, s.check) for s in found.servers] == [
        ("app", "web1", "UP", True, "L7OK"),
        ("app", "web2", "UP", True, "L7OK"),
    ]
    assert found.down() == ()


@GENERATIONS
def test_servers_that_get_no_new_connections(recorded: Recorded, debian: int) -> None:
    found = status(recorded, debian, "server-down")
    servers = {server.name: server for server in found.servers}

    assert {name: (server.status, server.up, server.check) for name, server in servers.items()} == {
        "web1": ("UP", True, "L7OK"),
        "web2": ("DOWN", False, "L4CON"),
        "web3": ("MAINT", False, ""),
        "web4": ("no check", True, ""),
    }
    assert {server.name for server in found.down()} == {"web2", "web3"}


@GENERATIONS
@pytest.mark.parametrize(
    ("situation", "why"),
    [
        ("bare", "haproxy is not installed"),
        ("config-missing", "there is no /etc/haproxy/haproxy.cfg"),
        ("config-listens-nowhere", "its configuration names no stats socket"),
        ("haproxy-stopped", "nobody listens on /run/haproxy/admin.sock"),
    ],
)
def test_why_there_is_nobody_to_ask(recorded: Recorded, debian: int, situation: str, why: str) -> None:
    found = haproxy_stat.parse(recorded(f"hosts/debian{debian}/{situation}/haproxy-stat.n1"))

    assert found == NotRunning(why)


def answer(*servers: str, columns: str = "pxname,svname,status,type,scur,check_status,lastchg,") -> str:
    told = ["Name: HAProxy", "Version: 2.6.12", "Uptime_sec: 5", "CurrConns: 7", "", f"# {columns}", *servers, ""]
    return "".join(f"answer {line}\n" for line in told) + "end\n"


@pytest.mark.parametrize(
    ("word", "up"),
    [
        ("UP", True),
        ("UP 1/3", True),
        ("no check", True),
        ("DOWN", False),
        ("DOWN 1/2", False),
        ("DOWN (agent)", False),
        ("MAINT", False),
        ("MAINT (via be/s1)", False),
        ("MAINT (resolution)", False),
        ("DRAIN", False),
        ("NOLB", False),
    ],
)
def test_who_is_given_new_connections(said: Said, word: str, up: bool) -> None:  # noqa: FBT001
    found = haproxy_stat.FACT.parse(said(haproxy_stat.FACT, answer(f"be,s1,{word},2,0,* L7OK,,")))

    assert isinstance(found, ProxyStatus)
    assert found.servers == (ProxyServer("be", "s1", word, up=up, check="L7OK"),)
    assert found.connections == 7


def test_columns_are_found_by_name(said: Said) -> None:
    text = answer("be,L4OK,9,2,x,UP,s1,0", columns="pxname,check_status,lastchg,type,novelty,status,svname,scur")
    found = haproxy_stat.FACT.parse(said(haproxy_stat.FACT, text))

    assert isinstance(found, ProxyStatus)
    assert found.servers == (ProxyServer("be", "s1", "UP", up=True, check="L4OK"),)


def test_backends_and_single_listeners_are_no_servers(said: Said) -> None:
    text = answer("be,BACKEND,UP,1,0,,4,", "fe,sock-1,OPEN,3,0,,,", "fe,FRONTEND,OPEN,0,3,,,")
    found = haproxy_stat.FACT.parse(said(haproxy_stat.FACT, text))

    assert isinstance(found, ProxyStatus)
    assert (found.servers, found.frontends) == ((), (Frontend("fe", "OPEN", 3),))


@pytest.mark.parametrize(
    "lost", ["Version: ", "Uptime_sec: ", "CurrConns: ", "# pxname", ",status,", ",type,", "answer "]
)
def test_what_is_missing_is_not_made_up(recorded: Recorded, lost: str) -> None:
    done = recorded("hosts/debian12/server-down/haproxy-stat.n1")
    assert lost in done.stdout

    with pytest.raises(UnreadableOutput):
        haproxy_stat.parse(replace(done, stdout=done.stdout.replace(lost, ",lost,")))


def test_an_answer_cut_short_is_refused(recorded: Recorded) -> None:
    done = recorded("hosts/debian12/server-down/haproxy-stat.n1")

    for share in range(10):
        with pytest.raises(UnreadableOutput):
            haproxy_stat.parse(replace(done, stdout=done.stdout[: len(done.stdout) * share // 10]))


@pytest.mark.parametrize(
    ("age", "outdated"), [("age 5", True), ("age 5000", False), ("age 99", False), ("age -7", False), (None, False)]
)
def test_whether_it_has_read_what_its_file_says(recorded: Recorded, age: str | None, outdated: bool) -> None:  # noqa: FBT001
    healthy = recorded("hosts/debian12/healthy/haproxy-stat.n1")
    lines = [line for line in healthy.stdout.split("\n") if "Uptime_sec:" not in line]
    told = "\n".join(["answer Uptime_sec: 100", *([age] if age else []), *lines])

    found = haproxy_stat.parse(replace(healthy, stdout=told))
    assert isinstance(found, ProxyStatus)
    assert found.outdated is outdated
