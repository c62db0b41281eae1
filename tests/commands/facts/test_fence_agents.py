"""Which packages bring a fence agent, and which agents a node has."""

from __future__ import annotations

import pytest

from commands.command import Completed
from commands.errors import UnreadableOutput
from commands.facts.fence_agents import AGENTS, FACT, package_of, parse
from commands.facts.host import Family, OperatingSystem


def system(name: str, major: int | None, family: Family | None = "apt") -> OperatingSystem:
    return OperatingSystem(name, str(major or ""), f"{name} {major}", family, major)


@pytest.mark.parametrize(
    ("agent", "package"),
    [
        ("fence_ipmilan", "fence-agents-ipmilan"),
        ("fence_idrac", "fence-agents-ipmilan"),
        ("fence_ilo5_ssh", "fence-agents-ilo-ssh"),
        ("fence_vmware_rest", "fence-agents-vmware-rest"),
        ("fence_apc_snmp", "fence-agents-apc-snmp"),
        ("fence_lindypdu", "fence-agents-lindy-pdu"),
        ("fence_xvm", "fence-virt"),
    ],
)
def test_debian_13_has_a_package_for_each_agent(agent: str, package: str) -> None:
    assert package_of(agent, system("debian", 13)) == package


def test_an_agent_that_no_package_brings_does_not_bring_all_the_others() -> None:
    assert package_of("fence_of_our_own", system("debian", 13)) == "fence-agents-common"


@pytest.mark.parametrize(
    ("where", "package"),
    [
        (system("debian", 11), "fence-agents"),
        (system("debian", 12), "fence-agents"),
        (system("ubuntu", 24), "fence-agents"),
        (system("rhel", 9, "dnf"), "fence-agents-all"),
    ],
)
def test_elsewhere_one_package_has_them_all(where: OperatingSystem, package: str) -> None:
    assert package_of("fence_ipmilan", where) == package


def test_a_system_without_known_packages_has_none_for_agents() -> None:
    with pytest.raises(ValueError, match="arch"):
        package_of("fence_ipmilan", system("arch", None, None))


def said(text: str) -> Completed:
    return Completed("n1", FACT.command, 0, text, "")


def test_the_agents_of_a_node_are_told_by_their_programs() -> None:
    assert parse(said("fence_ipmilan\nfence_mine\n")) == {"fence_ipmilan", "fence_mine"}
    assert parse(said("")) == frozenset()
    with pytest.raises(UnreadableOutput, match="not the name of a fence agent"):
        parse(said("find: nowhere\n"))


def test_every_agent_that_packages_bring_is_known_by_its_full_name() -> None:
    assert {"fence_ipmilan", "fence_idrac", "fence_xvm", "fence_sbd"} <= AGENTS
    assert all(agent.startswith("fence_") for agent in AGENTS)
