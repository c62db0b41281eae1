"""Which packages bring a fence agent."""

from __future__ import annotations

import pytest

from commands.facts.fence_agents import package_of
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
