"""Entries of the audit in words, and as lines of JSON. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.audit import Kind
from bot.store import AuditEntry


def line(entry: AuditEntry) -> str:
    """Tell one entry in a line."""
    who = f"{entry.who} ({entry.name})" if entry.name else entry.who
    about = " ".join(filter(None, (entry.cluster or "", entry.verb)))
    where = f" in {entry.place}" if entry.place else ""
    said = ": ".join(filter(None, (entry.kind, _told(entry))))
    return f"{entry.at[:19].replace('T', ' ')}  #{entry.number}  {who}{where}  {about or '-'}  {said}"


def exported(entry: AuditEntry) -> str:
    """Return one entry as a line of JSON: all that its hash is made over, as it lies in the store."""
    return json.dumps(asdict(entry), separators=(",", ":"))


def _told(entry: AuditEntry) -> str:
    try:
        told = entry.detail
        return _words(entry.kind, told) or _plainly(told)
    except (ValueError, TypeError, KeyError, AttributeError):
        return entry.body  # damaged: `verify` says so


def _words(kind: str, told: Mapping[str, Any]) -> str:
    match kind:
        case Kind.ASKED:
            return str(told["text"])
        case Kind.REFUSED:
            what = told["text"] if "text" in told else f"pressed {told['pressed']}"
            return f"{what} ({told['why']})"
        case Kind.COMMAND:
            stdin = f" < {told['stdin']}" if "stdin" in told else ""
            return f"{told['node']}: {shlex.join(told['argv'])}{stdin}"
        case Kind.COMMAND_ENDED:
            end = f"exit status {told['status']} after {told['seconds']} s" if "status" in told else told["problem"]
            return f"{told['node']}: #{told['command']}: {end}"
        case Kind.STEP:
            return f"{told['step']} {told['state']}" + (f": {told['problem']}" if "problem" in told else "")
        case _:
            return ""


def _plainly(told: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in told.items())


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
