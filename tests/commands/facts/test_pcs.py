"""What pcs says of its version and of the hosts it may command."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts import pcs
from commands.facts.fact import NotRunning
from commands.facts.pcs import HostAuth, PcsVersion

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]
GENERATIONS = pytest.mark.parametrize("debian", [11, 12, 13])


@pytest.mark.parametrize(
    ("debian", "version"), [(11, PcsVersion(0, 10, 8)), (12, PcsVersion(0, 11, 5)), (13, PcsVersion(0, 12, 0))]
)
def test_versions(recorded: Recorded, debian: int, version: PcsVersion) -> None:
    assert pcs.parse_version(recorded(f"hosts/debian{debian}/fresh/pcs-version.n1")) == version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("0.10.18\n", PcsVersion(0, 10, 18)),
        ("0.11.9.1+2-abc.el9\n", PcsVersion(0, 11, 9)),
        ("0.12\n", PcsVersion(0, 12, 0)),
    ],
)
def test_other_versions(said: Said, text: str, version: PcsVersion) -> None:
    assert pcs.VERSION.parse(said(pcs.VERSION, text)) == version


def test_versions_compare_by_number_and_read_as_typed() -> None:
    assert PcsVersion(0, 9, 99) < PcsVersion(0, 10, 8) < PcsVersion(0, 10, 18) < PcsVersion(0, 11, 0)
    assert str(PcsVersion(0, 10, 18)) == "0.10.18"


@GENERATIONS
def test_pcs_is_not_installed(recorded: Recorded, debian: int) -> None:
    fact = pcs.host_auth(("n1", "n2"))

    assert pcs.parse_version(recorded(f"hosts/debian{debian}/bare/pcs-version.n1")) == NotRunning(
        "pcs is not installed"
    )
    assert fact.parse(recorded(f"hosts/debian{debian}/bare/host-auth.n1")) == NotRunning("pcs is not installed")


@pytest.mark.parametrize(("text", "status"), [("", 0), ("pcs", 0), ("0.11.5", 1), ("Traceback: 0.1", 1)])
def test_no_version_is_made_up(said: Said, text: str, status: int) -> None:
    with pytest.raises(UnreadableOutput):
        pcs.VERSION.parse(said(pcs.VERSION, text, status))


def host_auth(recorded: Recorded, debian: int, situation: str) -> HostAuth:
    record = pcs.host_auth(("n1", "n2")).parse(recorded(f"hosts/debian{debian}/{situation}/host-auth.n1"))
    assert isinstance(record, HostAuth)
    return record


@GENERATIONS
def test_both_hosts_take_the_token(recorded: Recorded, debian: int) -> None:
    found = host_auth(recorded, debian, "healthy")

    assert found.state == {"n1": "online", "n2": "online"}
    assert found.lacking(("n1", "n2")) == ()
    assert found.lacking(("n1", "n3")) == ("n3",)


@GENERATIONS
@pytest.mark.parametrize(
    ("situation", "state", "lacking"),
    [
        ("fresh", {"n1": "unauthorized", "n2": "unauthorized"}, ("n1", "n2")),
        ("n2-forgot-token", {"n1": "online", "n2": "unauthorized"}, ("n2",)),
        ("n2-pcsd-stopped", {"n1": "online", "n2": "offline"}, ("n2",)),
    ],
)
def test_silent_is_not_unauthorized(
    recorded: Recorded, debian: int, situation: str, state: dict[str, str], lacking: tuple[str, ...]
) -> None:
    found = host_auth(recorded, debian, situation)

    assert found.state == state
    assert found.lacking(("n1", "n2")) == lacking


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("  n1: Online\n", 0),
        ("  n1: Online\n  n2: Sleeping\n", 2),
        ("  n1: Online\n  n2: Online\n", 1),
        ("Error: unable to read the known-hosts file\n", 1),
        ("", 2),
    ],
)
def test_no_authorization_is_made_up(said: Said, text: str, status: int) -> None:
    fact = pcs.host_auth(("n1", "n2"))
    with pytest.raises(UnreadableOutput):
        fact.parse(said(fact, text, status))


def test_a_host_is_not_waited_for_long() -> None:
    command = pcs.host_auth(("n1", "n2")).command

    assert "--request-timeout=5" in command.argv
    assert command.timeout <= 15
