"""Which packages are there, and the commands that bring the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from commands.command import Command, Completed
from commands.errors import HaclusterError, UnreadableOutput
from commands.facts import packages
from commands.facts.host import Family, OperatingSystem
from commands.facts.packages import CLUSTER_PACKAGES, Packages, install_commands

Recorded = Callable[[str], Completed]
Said = Callable[..., Completed]


@pytest.mark.parametrize(
    ("debian", "corosync", "pacemaker", "pcs", "haproxy"),
    [
        (11, "3.1.2", "2.0.5", "0.10.8", "2.2.9"),
        (12, "3.1.7", "2.1.5", "0.11.5", "2.6.12"),
        (13, "3.1.9", "3.0.0", "0.12.0", "3.0."),
    ],
)
def test_a_node_with_the_packages(
    recorded: Recorded, debian: int, corosync: str, pacemaker: str, pcs: str, haproxy: str
) -> None:
    found = packages.parse(recorded(f"hosts/debian{debian}/fresh/packages.n1"))

    assert found.missing(CLUSTER_PACKAGES["apt"]) == ()
    assert found.versions["corosync"].startswith(corosync)
    assert found.versions["pacemaker"].startswith(pacemaker)
    assert found.versions["pcs"].startswith(pcs)
    assert found.versions["haproxy"].startswith(haproxy)
    assert "firewalld" not in found.versions


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_a_bare_node_has_none(recorded: Recorded, debian: int) -> None:
    found = packages.parse(recorded(f"hosts/debian{debian}/bare/packages.n1"))

    assert found == Packages({})
    assert found.missing(CLUSTER_PACKAGES["apt"]) == CLUSTER_PACKAGES["apt"]


def test_removed_with_its_configuration_kept_is_not_installed(said: Said) -> None:
    text = "config-files pcs 0.11.5-1+deb12u1\ninstalled socat 1.7.4.4-2\nend\n"

    assert packages.FACT.parse(said(packages.FACT, text)) == Packages({"socat": "1.7.4.4-2"})


def test_rpm_says_so_of_what_is_not_there(said: Said) -> None:
    # rpm 4.14 as documented; not recorded
    text = "installed corosync 3.1.7-1.el8\npackage pcs is not installed\nend\n"

    assert packages.FACT.parse(said(packages.FACT, text)) == Packages({"corosync": "3.1.7-1.el8"})


@pytest.mark.parametrize("text", ["", "installed corosync 3.1.7\n", "installed corosync\nend\n"])
def test_cut_short_is_not_nothing_there(said: Said, text: str) -> None:
    with pytest.raises(UnreadableOutput):
        packages.FACT.parse(said(packages.FACT, text))


def system(name: str, major: int | None, family: Family | None = "dnf") -> OperatingSystem:
    return OperatingSystem(name, str(major or ""), f"{name} {major}", family, major)


def shown(commands: tuple[Command, ...]) -> list[str]:
    return [command.shown() for command in commands]


def test_debian_asks_nothing_and_keeps_what_the_user_wrote() -> None:
    update, resume, install = install_commands(system("debian", 12, "apt"), ("pcs", "corosync"))

    assert update.argv[-1] == "update"
    assert {"DEBIAN_FRONTEND=noninteractive", "--force-confold", "--pending"} <= set(resume.argv)
    assert {"DEBIAN_FRONTEND=noninteractive", "--yes", "--no-install-recommends"} <= set(install.argv)
    assert "--option=Dpkg::Options::=--force-confold" in install.argv
    assert install.argv[-3:] == ("install", "corosync", "pcs")
    assert install.timeout > update.timeout > 60


@pytest.mark.parametrize(
    ("name", "major", "repository"),
    [
        ("ol", 8, "ol8_addons"),
        ("ol", 9, "ol9_addons"),
        ("centos", 8, "ha"),
        ("centos", 9, "highavailability"),
        ("almalinux", 8, "ha"),
        ("almalinux", 9, "highavailability"),
        ("rocky", 8, "ha"),
        ("rocky", 10, "highavailability"),
    ],
)
def test_the_high_availability_repository_is_switched_on(name: str, major: int, repository: str) -> None:
    assert shown(install_commands(system(name, major), ("pcs",))) == [
        "dnf --assumeyes install dnf-plugins-core",
        f"dnf config-manager --set-enabled {repository}",
        "dnf --assumeyes install pcs",
    ]


def test_red_hat_has_it_by_subscription() -> None:
    assert shown(install_commands(system("rhel", 9), ("pcs",))) == [
        "subscription-manager repos '--enable=rhel-9-for-*-highavailability-rpms'",
        "dnf --assumeyes install pcs",
    ]


def test_fedora_has_the_packages_already() -> None:
    assert shown(install_commands(system("fedora", 40), ("pcs",))) == ["dnf --assumeyes install pcs"]


def test_every_installing_command_is_a_change() -> None:
    for where in (system("debian", 12, "apt"), system("ol", 8), system("rhel", 8)):
        assert all(command.changes for command in install_commands(where, ("pcs",)))


def test_an_unknown_system_is_refused_with_what_to_install() -> None:
    with pytest.raises(HaclusterError, match="arch") as refused:
        install_commands(system("arch", None, None), ("pcs", "corosync"))

    assert "corosync, pcs" in refused.value.remedy
