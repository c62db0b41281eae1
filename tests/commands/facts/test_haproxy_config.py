"""HAProxy's configuration: whose it is, whether it is valid, where it listens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import haproxy_config
from commands.facts.haproxy_config import Bind, HaproxyConfig

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


def configured(text: str) -> HaproxyConfig:
    """Read a configuration as the script would send it."""
    lines = "".join(f"config {line}\n" for line in text.split("\n"))
    told = f"sum {'a' * 64}\nsum {'b' * 32}\nfile /etc/haproxy/haproxy.cfg\n{lines}end\n"
    return haproxy_config.FACT.parse(Completed("n1", haproxy_config.FACT.command, 0, told, ""))


def listening(*binds: str) -> HaproxyConfig:
    return configured("frontend web\n" + "\n".join(f"  bind {bind}" for bind in binds))


@GENERATIONS
def test_no_haproxy_at_all(recorded: Recorded, debian: int) -> None:
    found = haproxy_config.parse(recorded(f"hosts/debian{debian}/bare/haproxy-config.n1"))

    assert found == HaproxyConfig(
        present=False,
        valid=None,
        problems="",
        binds=(),
        unknown_binds=(),
        package_default=False,
        digest="",
    )


@GENERATIONS
def test_the_file_that_the_package_brings(recorded: Recorded, debian: int) -> None:
    found = haproxy_config.parse(recorded(f"hosts/debian{debian}/fresh/haproxy-config.n1"))

    assert (found.present, found.valid, found.package_default, found.public_ports) == (True, True, True, ())


@GENERATIONS
def test_a_file_of_the_users_own(recorded: Recorded, debian: int) -> None:
    at = f"hosts/debian{debian}/healthy"
    found = haproxy_config.parse(recorded(f"{at}/haproxy-config.n1"))

    assert (found.present, found.valid, found.package_default, found.problems) == (True, True, False, "")
    assert found.binds == (Bind("*", 80), Bind("127.0.0.1", 8081), Bind("127.0.0.1", 8082))
    assert found.public_ports == (80,)
    assert found.digest == haproxy_config.parse(recorded(f"{at}/haproxy-config.n2")).digest


@GENERATIONS
def test_a_broken_file_is_told_in_haproxys_words_and_without_process_numbers(recorded: Recorded, debian: int) -> None:
    found = haproxy_config.parse(recorded(f"hosts/debian{debian}/config-broken/haproxy-config.n1"))

    assert (found.present, found.valid) == (True, False)
    first = found.problems.splitlines()[0]
    assert first.startswith("parsing [/etc/haproxy/haproxy.cfg:")
    assert "unknown keyword 'shiny'" in first
    assert len(found.problems) < 500


@GENERATIONS
def test_a_file_that_listens_nowhere(recorded: Recorded, debian: int) -> None:
    found = haproxy_config.parse(recorded(f"hosts/debian{debian}/config-listens-nowhere/haproxy-config.n1"))

    assert (found.present, found.valid, found.binds) == (True, False, ())
    assert "listens nowhere" in found.problems


@GENERATIONS
def test_installed_without_a_file(recorded: Recorded, debian: int) -> None:
    found = haproxy_config.parse(recorded(f"hosts/debian{debian}/config-missing/haproxy-config.n1"))

    assert (found.present, found.valid, found.digest) == (False, None, "")


def test_a_check_that_does_not_end_is_not_a_verdict(said: Said) -> None:
    text = f"sum {'a' * 64}\nsum {'b' * 32}\ncheck 124\nsaid \nfile /etc/haproxy/haproxy.cfg\nend\n"
    found = haproxy_config.FACT.parse(said(haproxy_config.FACT, text))

    assert found.valid is None
    assert "10 seconds" in found.problems


@pytest.mark.parametrize(
    ("bind", "binds"),
    [
        (":80", {("*", 80)}),
        ("*:80", {("*", 80)}),
        ("0.0.0.0:80", {("*", 80)}),
        ("*:80,*:443 ssl crt /etc/ssl/x.pem", {("*", 80), ("*", 443)}),
        ("10.0.0.10:80 transparent", {("10.0.0.10", 80)}),
        ("10.0.0.10:8000-8003", {("10.0.0.10", port) for port in range(8000, 8004)}),
        ("[::]:80 v4v6", {("*", 80), ("::", 80)}),
        (":::80", {("*", 80), ("::", 80)}),
        ("[::]:80 v6only", {("::", 80)}),
        ("[2001:DB8::10]:80", {("2001:db8::10", 80)}),
        ("2001:db8::10:80", {("2001:db8::10", 80)}),
        ("ipv4@10.0.0.10:80", {("10.0.0.10", 80)}),
        ("ipv6@:443", {("*", 443), ("::", 443)}),
        ("tcp6@*:443 v6only", {("::", 443)}),
        ("tcp@*:80 name web", {("*", 80)}),
        ("mptcp4@*:80", {("*", 80)}),
        ("www.example.com:80", {("www.example.com", 80)}),
        ('"*:80"', {("*", 80)}),
        (":80 # :81", {("*", 80)}),
    ],
)
def test_ways_to_listen(bind: str, binds: set[tuple[str, int]]) -> None:
    found = listening(bind)

    assert {(each.address, each.port) for each in found.binds} == binds
    assert found.unknown_binds == ()


@pytest.mark.parametrize(
    "bind",
    [
        "/run/haproxy/x.sock mode 600",
        "unix@/run/x.sock",
        "abns@name",
        "fd@3",
        "fd@${FD}",
        "sockpair@5",
        "quic4@:443 ssl crt /x",
        "udp@*:53",
        "",
        "# *:80",
    ],
)
def test_what_takes_no_tcp_connection_is_no_port(bind: str) -> None:
    found = listening(bind)

    assert (found.binds, found.unknown_binds) == ((), ())


@pytest.mark.parametrize(
    "bind", ["${VIP}:80", '"${VIP}:80"', ":${PORT}", "*", "*:0", "*:65536", "*:http", "*:80-", "*:٨٠"]
)
def test_what_only_haproxy_knows_is_unknown(bind: str) -> None:
    found = listening(bind)

    assert found.binds == ()
    assert found.unknown_binds == (bind.strip('"'),)


def test_only_frontends_and_listeners_listen() -> None:
    found = configured(
        """
        global
            stats socket /run/haproxy/admin.sock mode 660 level admin
        defaults
            bind :1
        peers mine
            bind :2
        FRONTEND
        frontend web
            bind :80
        backend app
            bind :3
        listen stats
            mode http
            bind 127.0.0.1:8404
            bind [::1]:8404
            bind localhost:8405
        log-forward logs
            bind :4
        """
    )

    assert [(bind.address, bind.port, bind.loopback) for bind in found.binds] == [
        ("*", 80, False),
        ("127.0.0.1", 8404, True),
        ("::1", 8404, True),
        ("localhost", 8405, True),
    ]
    assert found.public_ports == (80,)


def test_the_ports_that_answer_at_a_floating_ip() -> None:
    found = listening("*:443,*:80", "10.0.0.10:81", "10.0.0.11:82", "127.0.0.1:9000")

    assert found.ports_at("10.0.0.10") == (80, 81, 443)
    assert found.ports_at("10.0.0.11") == (80, 82, 443)
    assert found.ports_at("2001:db8::10") == ()
    assert listening("[::]:80", "[2001:db8::10]:81", ":82").ports_at("2001:db8::10") == (80, 81)
    assert found.public_ports == (80, 81, 82, 443)


def test_every_file_begins_outside_of_any_section(said: Said) -> None:
    text = (
        f"sum {'a' * 64}\nsum {'b' * 32}\nfile /etc/haproxy/haproxy.cfg\nconfig frontend web\nconfig  bind :80\n"
        "file /etc/haproxy/conf.d/more.cfg\nconfig  bind :81\nconfig frontend more\nconfig  bind :82\nend\n"
    )
    found = haproxy_config.FACT.parse(said(haproxy_config.FACT, text))

    assert found.public_ports == (80, 82)


@pytest.mark.parametrize(
    ("sums", "package", "default"),
    [("aa bb", "bb", True), ("aa bb", "aa", True), ("aa bb", "cc", False), ("aa bb", "", False)],
)
def test_the_packages_own_sum_tells_whose_file_it_is(said: Said, sums: str, package: str, default: bool) -> None:  # noqa: FBT001
    told = [f"sum {each}" for each in sums.split()] + [f"package {package}"] * bool(package)
    text = "\n".join([*told, "file /etc/haproxy/haproxy.cfg", "end"])

    assert haproxy_config.FACT.parse(said(haproxy_config.FACT, text)).package_default is default


@pytest.mark.parametrize(
    "text",
    ["", "sum a\nend", "file /x\nend", "sum a\nfile /x\nconfig bind :80\n", "config bind :80\nend", "sum a\nwhat\nend"],
)
def test_nothing_is_made_up(said: Said, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        haproxy_config.FACT.parse(said(haproxy_config.FACT, text))


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))
def test_any_line_can_stand_in_a_configuration(line: str) -> None:
    found = configured(f"frontend web\n {line}\n bind :80\nfrontend other\n bind :81\n{line}")

    assert 81 in found.public_ports
