"""Names and addresses of labs, before anything of them exists."""

import itertools

import pytest

from sandbox.lab.cgroup import hierarchies
from sandbox.lab.errors import LabError
from sandbox.lab.plan import MOST_NODES, NUMBERS, LabPlan

LONGEST_INTERFACE_NAME = 15


def a_plan(number: int = 7, *, nodes: tuple[str, ...] = ("n1", "n2"), links: int = 1) -> LabPlan:
    return LabPlan("web", number, nodes, links=links)


def test_a_node_has_one_address_on_each_link() -> None:
    plan = a_plan(links=2)

    assert [node.addresses for node in plan.nodes] == [("10.213.7.11", "10.214.7.11"), ("10.213.7.12", "10.214.7.12")]
    assert plan.gateway() == "10.213.7.1"


def test_a_lab_uses_no_address_twice() -> None:
    plan = a_plan(nodes=tuple(f"n{i}" for i in range(MOST_NODES)))
    used = [plan.gateway(), *(node.addresses[0] for node in plan.nodes), *map(plan.free_address, range(1, 101))]

    assert len(set(used)) == len(used)


def test_two_labs_share_no_name_and_no_address() -> None:
    def all_of(number: int) -> set[str]:
        plan = a_plan(number, links=2)
        links = range(plan.links)
        names = {plan.cable(node, link) for node, link in itertools.product(plan.nodes, links)}
        names |= {plan.hardware_address(node, link) for node, link in itertools.product(plan.nodes, links)}
        names |= {plan.bridge_address(link) for link in links}
        names |= {plan.bridge(link) for link in links} | {plan.namespace(node) for node in plan.nodes}
        return names | {plan.filter_table} | {address for node in plan.nodes for address in node.addresses}

    # 1 and 11 would meet if a name were only its numbers put together
    assert not all_of(1) & all_of(11)


def test_the_longest_interface_name_is_one_the_kernel_takes() -> None:
    plan = a_plan(NUMBERS[-1], nodes=tuple(f"n{i}" for i in range(MOST_NODES)), links=2)

    assert len(plan.cable(plan.nodes[-1], 1)) <= LONGEST_INTERFACE_NAME


def test_nodes_resolve_to_real_addresses_only() -> None:
    lines = a_plan().hosts_file.splitlines()

    assert "10.213.7.11 n1" in lines
    assert not [line for line in lines if line.startswith("127.") and not line.endswith(" localhost")]


@pytest.mark.parametrize("name", ["", "N1", "1n", "a b", "a;reboot", "../up", "a" * 21, "n1\n"])
def test_a_name_that_is_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="no name for a lab or node"):
        a_plan(nodes=(name,))
    with pytest.raises(LabError, match="no name for a lab or node"):
        LabPlan(name, 1, ("n1",))


@pytest.mark.parametrize(
    "wrong",
    [{"node_names": ()}, {"node_names": ("n1", "n1")}, {"links": 0}, {"links": 3}, {"number": 0}, {"number": 255}],
)
def test_a_lab_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(LabError):
        LabPlan(**{"name": "web", "number": 1, "node_names": ("n1",), **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [0, 101, -1])
def test_there_are_a_hundred_free_addresses(k: int) -> None:
    with pytest.raises(LabError, match="1 to 100"):
        a_plan().free_address(k)


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n", ["/sys/fs/cgroup"]),
        (
            (
                "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
                "cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0\n"
                "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
            ),
            ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"],
        ),
        ("tmpfs /run tmpfs rw 0 0\n", []),
    ],
)
def test_control_groups_are_found_on_machines_of_today_and_of_before(mounts: str, expected: list[str]) -> None:
    assert [str(path) for path in hierarchies(mounts)] == expected
