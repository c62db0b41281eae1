"""Troubles of what the cluster carries: floating IPs, HAProxy, the servers behind it, resources."""

from __future__ import annotations

from collections.abc import Iterator

from commands.checks.phrases import does, listed
from commands.condition import Condition, State, Topic
from commands.condition.pacemaker import FAILED_AT, FENCE_DEVICE
from commands.troubles.record import Severity, Trouble, What


def vips(condition: Condition) -> Iterator[Trouble]:
    """Yield floating IPs that are not served by exactly one node."""
    for name, state in condition.of(Topic.VIP).items():
        here = f"`{name}` ({state.detail})"
        match state.word:
            case "waiting":
                text = f"{here} is on no node: it waits at its gate until a person lets it move"
                what, severity = What.VIP_WAITING, Severity.SERVICE
            case "nowhere":
                text = f"{here} is on no node: nothing answers there"
                what, severity = What.VIP_NOWHERE, Severity.SERVICE
            case "doubled":
                text = f"{here} is on {listed(state.nodes)} at the same time: clients reach now one, now the other"
                what, severity = What.VIP_DOUBLED, Severity.SERVICE
            case "off":
                text = f"{here} is switched off, so on no node"
                what, severity = What.RESOURCE_STOPPED, Severity.WARNING
            case _:
                continue
        nodes = tuple(sorted({*state.nodes, *state.concerns}))
        yield Trouble(what, name, severity, text, nodes, state.witnesses, state.remedy)


def proxies(condition: Condition) -> Iterator[Trouble]:
    """Yield nodes whose HAProxy does not answer."""
    for name, state in condition.of(Topic.PROXY).items():
        if state.word == "down":
            text = f"HAProxy on {name} does not answer: {state.detail}"
            yield Trouble(What.PROXY_DOWN, name, Severity.REDUNDANCY, text, (name,), state.witnesses)


def servers(condition: Condition) -> Iterator[Trouble]:
    """Yield each backend that has servers down, once for all nodes whose HAProxy says so."""
    backends: dict[str, dict[str, dict[str, str]]] = {}
    for name, state in condition.of(Topic.SERVER).items():
        node, backend, server = name.split("/", 2)
        backends.setdefault(backend, {}).setdefault(node, {})[server] = state.word
    for backend, nodes in backends.items():
        down = sorted({server for words in nodes.values() for server, word in words.items() if word == "down"})
        if not down:
            continue
        witnesses = tuple(node for node, words in nodes.items() if "down" in words.values())
        dry = [node for node in witnesses if "up" not in nodes[node].values()]
        seen = f"as HAProxy on {does(witnesses, 'sees', 'see')} it"
        if dry:
            severity, text = Severity.SERVICE, f"`{backend}` has no server up, {seen}: {listed(down)} down"
        else:
            total = len({server for words in nodes.values() for server in words})
            severity = Severity.REDUNDANCY
            text = f"`{backend}` has {len(down)} of its {total} servers down, {seen}: {listed(down)}"
        yield Trouble(What.SERVER_DOWN, backend, severity, text, witnesses, witnesses)


def resources(condition: Condition) -> Iterator[Trouble]:
    """Yield resources that have failed, or do not run where they should. Where a floating IP is, `vips` tells."""
    floating = condition.of(Topic.VIP)
    for name, state in condition.of(Topic.RESOURCE).items():
        nodes = state.nodes or state.concerns
        resource, at, node = name.partition("@")
        here = f"`{resource}` on {node}" if at else f"`{resource}`"
        spare = bool(at) or name in floating or state.detail == FENCE_DEVICE
        severity = Severity.REDUNDANCY if spare else Severity.SERVICE
        if state.word in {"failed", "blocked"}:
            why = f": {state.detail.partition(FAILED_AT)[0]}" if state.detail else ""
            word = "has failed" if state.word == "failed" else "is blocked, since it could not be stopped"
            yield Trouble(What.RESOURCE_FAILED, name, severity, f"{here} {word}{why}", nodes, state.witnesses)
        elif state.word in {"stopped", "off"} and name not in floating:
            off = state.word == "off"
            text = f"{here} is switched off" if off else f"{here} does not run"
            severity = Severity.WARNING if off else severity
            yield Trouble(What.RESOURCE_STOPPED, name, severity, text, nodes, state.witnesses)


def whole(condition: Condition) -> Iterator[Trouble]:
    """Yield maintenance of the whole cluster."""
    state: State | None = condition.get(Topic.CLUSTER)
    if state is not None and state.word == "maintenance":
        text = "the whole cluster is in maintenance: Pacemaker neither repairs nor moves anything"
        yield Trouble(What.MAINTENANCE, condition.cluster, Severity.WARNING, text, witnesses=state.witnesses)
