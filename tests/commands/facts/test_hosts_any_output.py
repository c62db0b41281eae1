"""Whatever a host prints: a record or `UnreadableOutput`, never anything else."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import files, firewall, haproxy_config, haproxy_stat, host, packages, pcs, reach, units
from commands.facts.fact import Fact

FACTS: dict[str, Fact[Any]] = {
    "addresses": host.ADDRESSES,
    "clock": host.CLOCK,
    "os": host.OS,
    "resolution": host.resolution(("n1", "n2")),
    "sysctl": host.sysctl(("net.ipv4.ip_nonlocal_bind",)),
    "packages": packages.FACT,
    "units": units.FACT,
    "pcs-version": pcs.VERSION,
    "host-auth": pcs.host_auth(("n1", "n2")),
    "firewall": firewall.FACT,
    "haproxy-config": haproxy_config.FACT,
    "haproxy-stat": haproxy_stat.FACT,
    "reach": reach.port((("n1", "10.0.0.1", 22),)),
    "answers": reach.port((("vip1", "10.0.0.1", 80),)),
    "in-use": reach.in_use(("10.0.0.1",)),
    "hostname-file": files.read("/etc/hostname"),
    "exists": files.exists(("/etc/hostname",)),
}
CAPTURES = Path(__file__).parents[2] / "captures" / "hosts"

PIECES = (
    *("end", "at", "is", "absent", "yes", "no", "inactive", "present", "permanent", "sum", "package", "check", "said"),
    *(
        "file",
        "config",
        "answer",
        "not-running",
        "self",
        "has",
        "nobody",
        "unasked",
        "open",
        "refused",
        "mode",
        "owner",
    ),
    *("base64", "n1", "n2", "10.0.0.1", "::1", "22", "80", "0", "-1", "1.5", "{}", "[]", "[{}]", "null", ":", "=", ","),
    *("#", "-", "@", "[", "]", "{", "}", '"', "'", "\\", "$", "ID", "VERSION_ID", "Id=pcsd.service", "NRestarts=x"),
    *("LoadState=loaded", "public", "frontend", "bind", "global", "stats", "socket", "Online", "Offline", "installed"),
    *("pxname,svname,status,type,scur,check_status,lastchg", "Version:", "Uptime_sec:", "CurrConns:"),
)
"""What the scripts and tools print, to be put together at random."""

LINES = st.lists(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=5).map(" ".join), max_size=8
)
OUTPUTS = st.one_of(
    st.text(),
    st.binary().map(lambda data: data.decode(errors="replace")),
    st.tuples(LINES, st.sampled_from(["", "\n", "\nend", "\nend\n"])).map(lambda made: "\n".join(made[0]) + made[1]),
)


def read(fact: Fact[Any], stdout: str, stderr: str = "", status: int = 0) -> None:
    with suppress(UnreadableOutput):
        fact.parse(Completed("n1", fact.command, status, stdout, stderr))


@pytest.mark.parametrize("name", FACTS)
@given(stdout=OUTPUTS, stderr=st.text(max_size=20), data=st.data())
def test_any_output(name: str, stdout: str, stderr: str, data: st.DataObject) -> None:
    fact = FACTS[name]

    read(fact, stdout, stderr, data.draw(st.sampled_from(sorted(fact.command.legal))))


@pytest.mark.parametrize("name", FACTS)
@given(data=st.data())
def test_a_real_output_damaged(name: str, data: st.DataObject) -> None:
    real = recorded_output(name)
    start = data.draw(st.integers(0, len(real)))
    stop = data.draw(st.integers(start, min(len(real), start + 40)))
    inserted = data.draw(st.one_of(st.text(max_size=5), st.sampled_from(PIECES), st.just("\n")))

    read(FACTS[name], real[:start] + inserted + real[stop:])


_OUTPUTS: dict[str, str] = {}


def recorded_output(name: str) -> str:
    """Return what this fact's command printed on a healthy node."""
    if name not in _OUTPUTS:
        _OUTPUTS[name] = json.loads((CAPTURES / "debian12" / "healthy" / f"{name}.n1.json").read_text())["stdout"]
    return _OUTPUTS[name]


def test_every_fact_of_hosts_is_tried() -> None:
    assert {path.name.split(".")[0] for path in CAPTURES.glob("*/*/*.json")} - {"no-file"} == set(FACTS)
