"""What a cluster is, as data that two runs can be compared by: configuration and state, without what is random or volatile."""

from __future__ import annotations

import difflib
import http.client
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.lab.lab import Lab

Picture = Mapping[str, Any]

FILES = ("/etc/haproxy/haproxy.cfg", "/etc/sysctl.d/60-hacluster.conf", "/var/lib/pacemaker/cib/cib.xml")
KEYS = ("/etc/corosync/authkey", "/etc/pacemaker/authkey")
UNITS = ("corosync", "pacemaker", "pcsd", "haproxy")
VOLATILE = {"dc-version", "have-watchdog", "last-lrm-refresh", "cluster-infrastructure", "cluster-name"}
"""Properties that the cluster writes about itself."""
NAMED = {"primitive", "clone", "rule", "node"}
"""Elements of the CIB whose ids people use. Those of the others are made up by pcs."""
TOOLS = "pcs|timeout|stdbuf|apt-get|dpkg|crm_.*|cibadmin|install|systemctl|sysctl"
"""What a run that is over may not have left running."""


def picture(lab: Lab, vips: Iterable[str]) -> Picture:
    """Take it. What cannot be read stands there as the words of the tool that failed."""
    return {
        **{name: _node(lab, name) for name in lab.nodes},
        "configuration": _configuration(_said(lab, next(iter(lab.nodes)), "cibadmin", "--query")),
        "keys": {path: len({_said(lab, node, "sha256sum", path) for node in lab.nodes}) for path in KEYS},
        "served": {vip: _served(vip) for vip in vips},
    }


def differences(before: Picture, after: Picture) -> str:
    """Return what differs, line by line; nothing if nothing does."""
    unkilled, killed = (json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (before, after))
    return "\n".join(difflib.unified_diff(unkilled, killed, "unkilled", "killed", n=2, lineterm=""))


def _said(lab: Lab, node: str, *argv: str) -> str:
    done = lab.exec(node, argv, check=False)
    return (done.stdout + done.stderr).strip()


def _node(lab: Lab, node: str) -> Picture:
    left = "ls -d /run/hacluster* /etc/haproxy/*.new /var/lib/pacemaker/cib/*.new /etc/hacluster 2>/dev/null"
    addresses = json.loads(_said(lab, node, "ip", "-json", "-4", "address"))
    return {
        "corosync.conf": re.sub(r"cluster_uuid: \w+", "", _said(lab, node, "cat", "/etc/corosync/corosync.conf")).split("\n"),
        "units": {unit: _said(lab, node, "systemctl", "is-enabled", unit) + " " + _said(lab, node, "systemctl", "is-active", unit) for unit in UNITS},
        "nonlocal bind": _said(lab, node, "sysctl", "-n", "net.ipv4.ip_nonlocal_bind"),
        "files": {path: _said(lab, node, "stat", "--format=%a %U:%G", path) for path in FILES},
        "haproxy.cfg": _said(lab, node, "sha256sum", FILES[0]),
        "sysctl file": _said(lab, node, "cat", FILES[1]),
        "pcsd": sorted(line.strip() for line in _said(lab, node, "pcs", "status", "pcsd").split("\n")),
        "addresses": sorted(one["local"] for link in addresses for one in link["addr_info"]),
        "left behind": _said(lab, node, "sh", "-c", left).split("\n"),
        "still running": _running(lab, node),
        "resources": _resources(_said(lab, node, "crm_mon", "--one-shot", "--inactive", "--output-as=xml")),
        "members": sorted(re.findall(r"members\.\d+\.(?:ip|status) .*= (.*)", _said(lab, node, "corosync-cmapctl"))),
    }  # fmt: skip


def _running(lab: Lab, node: str) -> list[str]:
    """Return the tools that still run there, without the one that asks and the time limit that the lab gives it."""
    found = _said(lab, node, "pgrep", "--list-full", "--exact", TOOLS).split("\n")
    return [words.partition(" ")[2] for words in found if words and "pgrep" not in words]


def _resources(text: str) -> list[str]:
    """Return nodes, what runs where and what failed, a line each."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - from a node of our own lab
    except ET.ParseError:
        return [text]
    nodes = [f"{node.get('name')} online={node.get('online')}" for node in root.findall("nodes/node")]
    where = [
        f"{resource.get('id')} {resource.get('role')} on {[node.get('name') for node in resource.iter('node')]}"
        for resource in root.iter("resource")
    ]
    failed = [f"failed: {dict(failure.attrib)}" for failure in root.iter("failure")]
    marks = [
        f"{node.get('name')}: {mark.get('name')}={mark.get('value')}"
        for node in root.findall("node_attributes/node")
        for mark in node.iter("attribute")
    ]
    return sorted([*nodes, *where, *failed, *marks])


def _configuration(text: str) -> Any:
    try:
        root = ET.fromstring(text)  # noqa: S314 - from a node of our own lab
    except ET.ParseError:
        return text
    found = root.find("configuration")
    return "no configuration" if found is None else _plain(found)


def _plain(element: ET.Element) -> Any:
    """Return an element without ids of no meaning and properties of no choice; what it holds in an order of its own."""
    attributes = {name: value for name, value in element.attrib.items() if name != "id" or element.tag in NAMED}
    inner = [_plain(child) for child in element if child.get("name") not in VOLATILE]
    return {"": element.tag, **attributes, "holds": sorted(inner, key=lambda each: json.dumps(each, sort_keys=True))}


def _served(vip: str) -> str:
    """Return what an address answers to HTTP, asked from this host, without which of a node's servers it was."""
    try:
        connection = http.client.HTTPConnection(vip, timeout=2)
        connection.request("GET", "/")
        words = connection.getresponse().read().decode(errors="replace")
        connection.close()
    except OSError as error:
        return str(error)
    return words.rpartition(" ")[0]
