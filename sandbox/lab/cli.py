"""`python -m sandbox lab …`: the lab from a shell."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.lab.base import base
from sandbox.lab.debian import RELEASES
from sandbox.lab.errors import LabError
from sandbox.lab.host import missing_packages, require, run
from sandbox.lab.lab import Lab, names, sweep
from sandbox.lab.record import record

Arguments = argparse.Namespace
BUILDS_AT_ONCE = 2
CAPTURES = Path("tests/captures")


def main(argv: Sequence[str]) -> int:
    """Carry out one command; exit status 1 and the reason on stderr if it cannot be done."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = COMMANDS[arguments.command](arguments)
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    return status


def _up(arguments: Arguments) -> int:
    lab = Lab.up(
        arguments.name,
        arguments.nodes.split(","),
        debian=arguments.debian,
        bare=arguments.bare,
        links=arguments.links,
    )
    _describe(lab)
    return 0


def _down(arguments: Arguments) -> int:
    require()
    if arguments.all == (arguments.name is not None):
        raise LabError("down NAME, or down --all")
    if arguments.all:
        sweep()
    else:
        Lab.find(arguments.name).down()
    return 0


def _list(_: Arguments) -> int:
    for name in names():
        _describe(Lab.find(name))
    return 0


def _describe(lab: Lab) -> None:
    about = {
        "name": lab.name,
        "debian": lab.plan.debian,
        "bare": lab.plan.bare,
        "nodes": {name: {"addresses": addresses, "on": lab.is_on(name)} for name, addresses in lab.nodes.items()},
        "gateway": lab.gateway,
        "key": str(lab.key),
        "known_hosts": str(lab.known_hosts),
    }
    sys.stdout.write(json.dumps(about) + "\n")


def _power_off(arguments: Arguments) -> int:
    Lab.find(arguments.name).power_off(arguments.node)
    return 0


def _power_on(arguments: Arguments) -> int:
    Lab.find(arguments.name).power_on(arguments.node)
    return 0


def _cut(arguments: Arguments) -> int:
    Lab.find(arguments.name).cut(arguments.a, arguments.b)
    return 0


def _cut_host(arguments: Arguments) -> int:
    Lab.find(arguments.name).cut_host(arguments.node)
    return 0


def _heal(arguments: Arguments) -> int:
    Lab.find(arguments.name).heal()
    return 0


def _reset(arguments: Arguments) -> int:
    Lab.find(arguments.name).reset()
    return 0


def _exec(arguments: Arguments) -> int:
    text = None if sys.stdin.isatty() else sys.stdin.read()
    done = Lab.find(arguments.name).exec(arguments.node, arguments.argv, text, timeout=arguments.timeout, check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


def _ssh_config(arguments: Arguments) -> int:
    sys.stdout.write(Lab.find(arguments.name).ssh_config.read_text())
    return 0


def _prepare(arguments: Arguments) -> int:
    missing = missing_packages()
    if missing and arguments.install:
        run(["apt-get", "install", "--yes", "--no-install-recommends", *missing])
    require()
    releases = arguments.debian or list(RELEASES)
    with ThreadPoolExecutor(max_workers=BUILDS_AT_ONCE) as builders:
        for debian, built in zip(releases, builders.map(base, releases), strict=True):
            sys.stdout.write(f"Debian {debian}: {built.folder}\n")
            sys.stdout.flush()
    return 0


def _record(arguments: Arguments) -> int:
    for debian in arguments.debian or RELEASES:
        record(debian, arguments.into)
    return 0


COMMANDS: Mapping[str, Callable[[Arguments], int]] = {
    "up": _up,
    "down": _down,
    "list": _list,
    "power-off": _power_off,
    "power-on": _power_on,
    "cut": _cut,
    "cut-host": _cut_host,
    "heal": _heal,
    "reset": _reset,
    "exec": _exec,
    "ssh-config": _ssh_config,
    "prepare": _prepare,
    "record": _record,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox lab", description="Real cluster nodes on this machine. Needs root."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str, *positionals: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        for positional in positionals:
            added.add_argument(positional, metavar=positional.upper())
        return added

    up = command("up", "build a lab, boot its nodes, describe it as JSON", "name")
    up.add_argument("--nodes", default="n1,n2", help="names, with commas between (default: n1,n2)")
    up.add_argument("--debian", type=int, default=12, choices=RELEASES)
    up.add_argument("--bare", action="store_true", help="nothing but systemd and sshd on the nodes")
    up.add_argument("--links", type=int, default=1, choices=(1, 2), help="networks between the nodes")
    down = command("down", "leave nothing of a lab")
    down.add_argument("name", metavar="NAME", nargs="?")
    down.add_argument("--all", action="store_true", help="of every lab")
    command("list", "describe each lab as a line of JSON")
    command("power-off", "take a node's power away", "name", "node")
    command("power-on", "switch a node on", "name", "node")
    cut = command("cut", "cut A off B, or off all and this machine", "name", "a")
    cut.add_argument("b", metavar="B", nargs="?")
    command("cut-host", "cut a node off this machine only", "name", "node")
    command("heal", "undo all cuts", "name")
    command("reset", "all nodes as they were at first", "name")
    execute = command("exec", "run a command on a node: exec NAME NODE -- ARGV", "name", "node")
    execute.add_argument("--timeout", type=float, default=600.0, help="seconds (default: 600)")
    execute.add_argument("argv", nargs="+", metavar="ARGV")
    command("ssh-config", "print a configuration for ssh -F", "name")
    prepare = command("prepare", "build the cached bases that are not there yet")
    prepare.add_argument(
        "--debian", type=int, action="append", choices=RELEASES, help="only this release; may be repeated"
    )
    prepare.add_argument("--install", action="store_true", help="apt-get install what this machine lacks")
    record_ = command("record", "record what the real tools print in every situation (8 minutes per Debian)")
    record_.add_argument(
        "--debian", type=int, action="append", choices=RELEASES, help="only this release; may be repeated"
    )
    record_.add_argument("--into", type=Path, default=CAPTURES, help=f"folder (default: {CAPTURES})")
    return parser
