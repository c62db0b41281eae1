"""Debian's packages as far as a cluster needs them: versions, files and services that they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.nodes.release import Release

BASE_UNITS = ("ssh",)
COROSYNC_CONF = """# Please read the corosync.conf.5 manual page
totem {
	version: 2
	cluster_name: debian
	crypto_cipher: none
	crypto_hash: none
}

logging {
	fileline: off
	to_stderr: yes
	to_logfile: yes
	logfile: /var/log/corosync/corosync.log
	to_syslog: yes
	debug: off
}

quorum {
	provider: corosync_votequorum
}

nodelist {
	node {
		# Hostname of the node
		name: node1
		nodeid: 1
		ring0_addr: 127.0.0.1
	}
}
"""
HAPROXY_CFG = """global
	log /dev/log	local0
	log /dev/log	local1 notice
	chroot /var/lib/haproxy
	stats socket /run/haproxy/admin.sock mode 660 level admin
	stats timeout 30s
	user haproxy
	group haproxy
	daemon

defaults
	log	global
	mode	http
	option	httplog
	option	dontlognull
	timeout connect 5000
	timeout client  50000
	timeout server  50000
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, those that it needs, its configuration files, and the services that start when it is installed.

    `source` names the package whose version it has, where that is another.
    """

    name: str
    needs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    source: str = ""

    def version(self, release: Release) -> str:
        """Return its version there."""
        return release.versions[self.source or self.name]


PACKAGES: Mapping[str, Package] = {
    package.name: package
    for package in (
        Package("corosync", (), {"/etc/corosync/corosync.conf": COROSYNC_CONF}, ("corosync",)),
        Package("pacemaker-cli", source="pacemaker"),
        Package("pacemaker-cli-utils", ("pacemaker-cli",), source="pacemaker"),
        Package(
            "pacemaker",
            ("corosync", "pacemaker-cli", "resource-agents"),
            {"/etc/default/pacemaker": ""},
            ("pacemaker",),
        ),
        Package("pcs", ("corosync", "pacemaker"), {}, ("pcsd",)),
        Package("resource-agents"),
        Package("fence-agents-common", source="fence-agents"),
        Package("fence-agents", ("fence-agents-common",)),
        Package("haproxy", (), {"/etc/haproxy/haproxy.cfg": HAPROXY_CFG}, ("haproxy",)),
        Package("socat"),
    )
}
CLUSTER_UNITS = frozenset({"corosync", "pacemaker"})


def package(name: str, release: Release) -> Package:
    """Return the package of that name. Raises KeyError where the release has none."""
    if release.debian >= _AGENTS_APART and name.startswith("fence-agents-") and name not in PACKAGES:
        return Package(name, ("fence-agents-common",), source="fence-agents")
    return PACKAGES[name]


_AGENTS_APART = 13
"""The first release that has a package for each fence agent."""
