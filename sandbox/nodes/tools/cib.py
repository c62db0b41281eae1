"""cibadmin and crm_verify of Pacemaker 2.1.5, on the running cluster or on the file that `CIB_file` names."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from defusedxml.ElementTree import ParseError, fromstring

from sandbox.nodes.call import Answer, Call
from sandbox.nodes.cib import Cib
from sandbox.nodes.cib_patch import push
from sandbox.nodes.cib_status import status
from sandbox.nodes.tools.words import local_time, option

NOT_CONNECTED, NO_INPUT, BAD_XML, EXISTS, USAGE, INVALID = 102, 66, 65, 108, 64, 70
FILE = "CIB_file"


async def cibadmin(call: Call) -> Answer:
    """Print the CIB with its status, or change a section of one in a file."""
    await call.takes(0.015)
    if call.args in {("--query",), ("-Q",)}:
        return _query(call)
    scope = option(call.args, "--scope", "-o")
    if (
        call.args[:1] not in {("--create",), ("--modify",), ("--delete",)}
        or scope is None
        or FILE not in call.environment
    ):
        return Answer(status=USAGE, stderr=f"cibadmin: the model does not play {' '.join(call.args)}\n")
    path = call.environment[FILE]
    text = call.machine.read(path)
    if text is None:
        return Answer(status=NO_INPUT, stderr=f"cibadmin: cannot open {path}\n")
    try:
        given: Element = fromstring(call.stdin)
    except ParseError:
        return Answer(status=BAD_XML, stderr="Couldn't parse input from STDIN.\n")
    change = _delete if call.args[0] == "--delete" else _create
    return change(call, path, Cib.parse(text), scope, given)


def _delete(call: Call, path: str, cib: Cib, scope: str, given: Element) -> Answer:
    """Take out what has the tags and ids that are given; what is not there is no mistake."""
    named = {(one.tag, one.get("id")) for one in (given if given.tag == scope else [given])}
    section = cib.section(scope)
    for one in [one for one in section if (one.tag, one.get("id")) in named]:
        section.remove(one)
    cib.bump(configuration=True)
    call.machine.write(path, cib.text(), "600")
    return Answer()


def _create(call: Call, path: str, cib: Cib, scope: str, given: Element) -> Answer:
    made = list(given) if given.tag == scope else [given]
    missing = cib.root.find(f"configuration/{scope}") is None
    if missing and "--allow-create" not in call.args:
        return Answer(status=INVALID, stderr="Call failed: Invalid argument\n")
    if any(cib.find(one.get("id", "")) is not None for one in made):
        return Answer(status=EXISTS, stderr="Call failed: File exists\n")
    cib.section(scope).extend(made)
    cib.bump(configuration=True)
    call.machine.write(path, cib.text(), "600")
    return Answer()


def _query(call: Call) -> Answer:
    cluster = call.pacemaker
    if cluster is None:
        words = "Could not connect to the CIB: Transport endpoint is not connected\nInit failed, could not perform requested operations\n"
        return Answer(status=NOT_CONNECTED, stderr=words)
    pacemaker = cluster.pacemaker
    user, client, origin = pacemaker.changed_by
    shown = pacemaker.cib.copy()
    shown.root.attrib |= {
        "cib-last-written": local_time(pacemaker.changed_at),
        "update-origin": origin,
        "update-client": client,
        "update-user": user,
        "have-quorum": str(int(pacemaker.quorate)),
    }
    if pacemaker.dc is not None:
        shown.root.set("dc-uuid", str(pacemaker.conf.node(pacemaker.dc).id))
    return Answer(shown.text(status(pacemaker, cluster.membership.members(call.name(cluster)))))


async def query_into_file(call: Call) -> Answer:
    """Play the script that keeps what `cibadmin --query` prints in a file."""
    await call.takes(0.015)
    answer = _query(call)
    call.machine.write(call.args[0], answer.stdout, "600")
    return Answer(status=answer.status, stderr=answer.stderr)


async def push_difference(call: Call) -> Answer:
    """Play the script that has `cibadmin --patch` apply what `crm_diff` finds between two files."""
    await call.takes(0.03)
    original, wanted = (call.machine.read(path) for path in call.args)
    if original is None or wanted is None:
        return Answer(status=BAD_XML, stderr="Couldn't parse input from STDIN.\n")
    cluster = call.pacemaker
    if cluster is None:
        return Answer(
            status=NOT_CONNECTED, stderr="Could not connect to the CIB: Transport endpoint is not connected\n"
        )
    if push(cluster.pacemaker.cib, Cib.parse(original), Cib.parse(wanted)):
        cluster.pacemaker.changed("root", "cibadmin", call.name(cluster))
    return Answer()


async def crm_verify(call: Call) -> Answer:
    """Find nothing wrong with a file that is a CIB."""
    await call.takes(0.02)
    text = call.machine.read(option(call.args, "--xml-file", "-x") or "")
    try:
        Cib.parse(text or "")
    except ValueError:
        return Answer(status=NO_INPUT, stderr="Couldn't parse input file\n")
    return Answer()
