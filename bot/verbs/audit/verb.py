"""`audit`, `audit verify`, `audit export`."""

from __future__ import annotations

from bot.incidents.phrases import span
from bot.memory import Memory, memory_of
from bot.verbs.audit.request import OPTIONS, AuditRequest, Verify, Wanted, parse
from bot.verbs.audit.wording import exported, line
from commands.report import Finding, Level, Listing, Report, Text
from commands.verbs.verb import Desk, Verb
from config.policy import Role

SHOWN = 1000
"""Entries that are told; of more, `audit export` has all."""


async def answer(request: AuditRequest, desk: Desk) -> Report:
    """Tell what is asked, to the asker alone."""
    memory = memory_of(desk)
    if isinstance(request, Verify):
        return await _verify(request, memory)
    return await (_export if request.export else _listed)(request, memory)


async def _listed(request: Wanted, memory: Memory) -> Report:
    since = memory.now() - request.back if request.back else None
    entries = await memory.store.recorded(SHOWN + 1, request.clusters, since, request.who)
    shown = entries[:SHOWN]
    when = f" in the last {span(request.back)}" if request.back else ""
    how_many = _entries(len(shown))
    headline = f"The audit: {'the newest ' if len(entries) > SHOWN else ''}{how_many}{when}"
    text = "\n".join(map(line, shown))
    parts = (Listing("The newest first, in UTC", text, "audit.txt"),) if shown else ()
    return Report(headline, Level.INFO, parts, private=True)


async def _export(request: Wanted, memory: Memory) -> Report:
    since = memory.now() - request.back if request.back else None
    entries = await memory.store.recorded(None, request.clusters, since, request.who)
    how_many = _entries(len(entries))
    text = "\n".join(map(exported, reversed(entries)))
    parts = (Listing("One a line, the oldest first", text, "audit.jsonl"),) if entries else ()
    return Report(f"The audit: {how_many}", Level.INFO, parts, private=True)


async def _verify(request: Verify, memory: Memory) -> Report:
    verified = await memory.store.verified(request.noted)
    head, broken = verified.head, verified.broken
    if broken is None:
        known = " It goes through the head that you noted." if request.noted else ""
        parts = (
            Text(f"Its head is `{head}`.{known}"),
            Text(
                "Note that somewhere else: entries cut off at the end, or all of it written anew, show only beside a head that was noted earlier (`audit verify --head NUMBER:HASH`)."
            ),
        )
        return Report(
            f"The audit is whole: {_entries(head.number)}, each fits the one before", Level.OK, parts, private=True
        )
    finding = Finding(
        Level.CRITICAL,
        f"entry {broken.number}: {broken.why}",
        "Compare it with an earlier `audit export`, or with a backup of the store: somebody, or the disk, changed it.",
    )
    before = f"What is before it fits: {_entries(head.number)}." if head.number else "There is nothing before it."
    return Report(
        f"The audit is broken at entry {broken.number}", Level.CRITICAL, (finding, Text(before)), private=True
    )


def _entries(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


VERB = Verb(
    name="audit",
    summary="Who asked for what and what came of it; whether all of it is still there; all of it as a file",
    usage="audit [verify | export] [--since TIME] [--who PERSON] [--cluster NAME]",
    role=Role.ADMIN,
    options=OPTIONS,
    example="audit --since 2d --cluster web",
    parse=parse,
    answer=answer,
)
