"""Real nodes: they boot, can be logged into, hurt and healed, and leave nothing behind."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.lab import Lab, LabError
from sandbox.lab.host import run_folder, state_folder
from sandbox.lab.lab import names

pytestmark = pytest.mark.lab

HAPROXY_CFG = Path("sandbox/haproxy/haproxy.cfg")


def reaches(lab: Lab, node: str, other: str) -> bool:
    return lab.exec(node, ["ping", "-c1", "-W1", lab.nodes[other][0]], check=False).returncode == 0


def host_reaches(lab: Lab, node: str) -> bool:
    try:
        socket.create_connection((lab.nodes[node][0], 22), timeout=1.5).close()
    except OSError:
        return False
    return True


def ssh(lab: Lab, to: str, command: str) -> subprocess.CompletedProcess[str]:
    argv = ["ssh", "-F", str(lab.ssh_config), "-o", "BatchMode=yes", to, command]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def left_of(lab: Lab) -> list[str]:
    """Whatever still exists of a lab on this machine."""
    number = lab.plan.number
    listed = {
        "interfaces": [link["ifname"] for link in json.loads(_host("ip", "-j", "link"))],
        "namespaces": [namespace["name"] for namespace in json.loads(_host("ip", "-j", "netns") or "[]")],
        "filters": _host("nft", "list", "tables").split(),
    }
    left = [
        name for found in listed.values() for name in found if name.startswith((f"hacl{number}l", f"hacl{number}n"))
    ]
    left += [name for name in listed["filters"] if name == lab.plan.filter_table]
    left += [line for line in Path("/proc/mounts").read_text().splitlines() if f"/{lab.name}/" in line]
    left += [str(folder) for root in (run_folder(), state_folder()) for folder in root.glob(lab.name)]
    left += [str(folder) for folder in Path("/sys/fs/cgroup").glob(f"**/hacluster-lab/{lab.name}")]
    return left


def _host(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_commands_run_as_root_with_input_and_tell_how_they_ended(lab: Lab) -> None:
    done = lab.exec("n2", ["sh", "-c", "id -un; hostname; cat; exit 3"], "typed", check=False)

    assert (done.returncode, done.stdout) == (3, "root\nn2\ntyped")
    with pytest.raises(LabError, match=r"n1: false: exit status 1"):
        lab.exec("n1", ["false"])
    with pytest.raises(LabError, match=r"not done after 0\.2 s"):
        lab.exec("n1", ["sleep", "60"], timeout=0.2)


def test_ssh_lets_in_root_and_a_plain_user_whose_sudo_is_empty(lab: Lab) -> None:
    assert ssh(lab, "n1", "id -un; hostname").stdout == "root\nn1\n"
    assert ssh(lab, "ops@n2", "id -un").stdout == "ops\n"
    assert ssh(lab, "ops@n2", "sudo -n true").returncode == 1


def test_nodes_are_machines_of_their_own(lab: Lab) -> None:
    machine_ids = {lab.exec(node, ["cat", "/etc/machine-id"]).stdout for node in lab.nodes}

    assert len(machine_ids) == len(lab.nodes)
    assert lab.exec("n1", ["getent", "ahostsv4", "n2"]).stdout.split()[0] == lab.nodes["n2"][0]


def test_a_node_without_power_is_silent_and_forgets_its_addresses(lab: Lab) -> None:
    vip = f"{lab.free_address(1)}/24"
    lab.exec("n2", ["ip", "address", "add", vip, "dev", "eth0"])
    lab.exec("n2", ["touch", "/root/on-disk"])

    lab.power_off("n2")
    assert not lab.is_on("n2")
    assert not reaches(lab, "n1", "n2")
    with pytest.raises(LabError, match="n2 is off"):
        lab.exec("n2", ["true"])

    lab.power_on("n2")
    assert reaches(lab, "n1", "n2")
    assert vip not in lab.exec("n2", ["ip", "address"]).stdout
    lab.exec("n2", ["test", "-e", "/root/on-disk"])


def test_a_cut_between_two_nodes_leaves_both_to_the_host(lab: Lab) -> None:
    lab.cut("n1", "n2")
    assert not reaches(lab, "n1", "n2")
    assert host_reaches(lab, "n1")
    assert host_reaches(lab, "n2")

    lab.heal()
    assert reaches(lab, "n1", "n2")


def test_a_node_can_be_cut_off_the_host_only_and_off_everybody(lab: Lab) -> None:
    lab.cut_host("n2")
    assert not host_reaches(lab, "n2")
    assert reaches(lab, "n1", "n2")
    lab.heal()

    lab.cut("n2")
    assert not host_reaches(lab, "n2")
    assert not reaches(lab, "n1", "n2")
    assert lab.exec("n2", ["hostname"]).stdout == "n2\n"
    lab.heal()


def test_a_reset_forgets_the_disk_and_keeps_who_the_node_is(lab: Lab) -> None:
    lab.exec("n1", ["touch", "/root/written"])
    lab.cut("n1", "n2")

    lab.reset()

    assert lab.exec("n1", ["test", "-e", "/root/written"], check=False).returncode == 1
    assert reaches(lab, "n1", "n2")
    assert ssh(lab, "n1", "hostname").stdout == "n1\n"


def test_bare_nodes_install_packages_from_inside_the_lab(lab: Lab) -> None:
    assert lab.exec("n1", ["which", "socat"], check=False).returncode == 1

    lab.exec("n1", ["apt-get", "--quiet", "update"])
    lab.exec("n1", ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes", "install", "socat"])

    assert "socat version" in lab.exec("n1", ["socat", "-V"]).stdout


@pytest.mark.parametrize("debian", [11, 12, 13])
def test_ready_nodes_are_as_a_fresh_install_leaves_them(lab_name: str, debian: int) -> None:
    with Lab.up(lab_name, ["n1"], debian=debian) as lab:
        assert lab.exec("n1", ["systemctl", "is-active", "corosync", "pacemaker", "pcsd", "haproxy"]).returncode == 0
        assert "cluster_name (str) = debian" in lab.exec("n1", ["corosync-cmapctl", "totem."]).stdout

        config = "/etc/haproxy/haproxy.cfg"
        lab.exec("n1", ["tee", config], HAPROXY_CFG.read_text())
        lab.exec("n1", ["haproxy", "-c", "-q", "-f", config])
        lab.exec("n1", ["systemctl", "restart", "haproxy"])
        lab.exec("n1", ["sysctl", "--quiet", "--write", "net.ipv4.ip_nonlocal_bind=1"])
        assert lab.exec("n1", ["curl", "--silent", f"http://{lab.nodes['n1'][0]}"]).stdout.startswith(
            "hello from n1 web"
        )

    assert left_of(lab) == []


def test_down_all_leaves_nothing_of_a_lab_whose_maker_was_killed(
    lab_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_LAB_RUN", str(tmp_path / "run"))  # or "all" would be other people's labs too
    monkeypatch.setenv("SANDBOX_LAB_STATE", str(tmp_path / "state"))
    maker = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "lab", "up", lab_name, "--bare"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while lab_name not in names() or not Lab.find(lab_name).is_on("n1"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    maker.send_signal(signal.SIGKILL)
    maker.wait()

    half_built = Lab.find(lab_name)
    assert left_of(half_built) != []
    subprocess.run([sys.executable, "-m", "sandbox", "lab", "down", "--all"], check=True)
    assert left_of(half_built) == []
