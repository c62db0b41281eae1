"""Debian 12's packages as far as a cluster needs them: versions, files and services that they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BASE_UNITS = ("ssh",)
OS_RELEASE = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
"""
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
    """A package, those that it needs, its configuration files, and the services that start when it is installed."""

    name: str
    version: str
    needs: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    units: tuple[str, ...] = ()


PACKAGES: Mapping[str, Package] = {
    package.name: package
    for package in (
        Package("corosync", "3.1.7-1+deb12u1", (), {"/etc/corosync/corosync.conf": COROSYNC_CONF}, ("corosync",)),
        Package("pacemaker-cli", "2.1.5-1+deb12u1"),
        Package("pacemaker-cli-utils", "2.1.5-1+deb12u1", ("pacemaker-cli",)),
        Package(
            "pacemaker",
            "2.1.5-1+deb12u1",
            ("corosync", "pacemaker-cli", "resource-agents"),
            {"/etc/default/pacemaker": ""},
            ("pacemaker",),
        ),
        Package("pcs", "0.11.5-1+deb12u1", ("corosync", "pacemaker"), {}, ("pcsd",)),
        Package("resource-agents", "1:4.12.0-2"),
        Package("fence-agents-common", "4.12.1-1"),
        Package("fence-agents", "4.12.1-1", ("fence-agents-common",)),
        Package("haproxy", "2.6.12-1+deb12u3", (), {"/etc/haproxy/haproxy.cfg": HAPROXY_CFG}, ("haproxy",)),
        Package("socat", "1.7.4.4-2"),
    )
}
