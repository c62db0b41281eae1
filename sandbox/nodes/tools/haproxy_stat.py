"""HAProxy's runtime socket: `show info` and `show stat`, with the columns that say something here."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.nodes.machine import Machine
from sandbox.nodes.proxy import ProxyConfig

_COLUMNS = (
    "pxname",
    "svname",
    "scur",
    "slim",
    "status",
    "weight",
    "lastchg",
    "pid",
    "iid",
    "sid",
    "type",
    "check_status",
    "check_code",
    "addr",
    "mode",
)
_FRONTEND, _SERVER = "0", "2"


def show(machine: Machine, config: ProxyConfig, now: float) -> Iterator[str]:
    """Yield the lines of both answers."""
    uptime = max(0, int(now - (machine.units["haproxy"].since or now)))
    info = {
        "Name": "HAProxy",
        "Version": machine.release.versions["haproxy"],
        "Release_date": machine.release.haproxy_dated,
        "Nbthread": "2",
        "Nbproc": "1",
        "Process_num": "1",
        "Uptime_sec": str(uptime),
        "CurrConns": "0",
        "node": machine.name,
        "Stopping": "0",
    }
    yield from (f"{key}: {value}" for key, value in info.items())
    yield ""
    yield f"# {','.join(_COLUMNS)},"
    for name in config.frontends:
        yield _row(pxname=name, svname="FRONTEND", scur="0", slim="9978", status="OPEN", type=_FRONTEND, mode="http")
    for server in config.servers:
        up = config.up(server)
        checks = {"check_status": "L7OK" if up else "L4CON", "check_code": "200" if up else ""}
        yield _row(
            pxname=server.proxy,
            svname=server.name,
            scur="0",
            status=("UP" if up else "DOWN") if server.checked else "no check",
            weight="1",
            lastchg=str(uptime),
            type=_SERVER,
            addr=f"{server.address}:{server.port}",
            mode="http",
            **(checks if server.checked else {}),
        )


def _row(**values: str) -> str:
    return ",".join(values.get(column, "") for column in _COLUMNS) + ","
