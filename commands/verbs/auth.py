"""`auth`: the nodes' pcs learn to trust each other, as `setup` does it."""

from __future__ import annotations

from dataclasses import replace

from commands.plan import Decision, NothingToDo, Plan, Refusal
from commands.report import Finding, Level
from commands.snapshot import Snapshot
from commands.verbs.cluster_request import parse_cluster
from commands.verbs.reached import unreachable
from commands.verbs.setup.request import SetupRequest, hacluster_password
from commands.verbs.setup.steps import trust_steps
from commands.verbs.verb import Change, Desk, Verb
from commands.verbs.words import Option, Words
from config.policy import Role

_NEW_PASSWORD = Finding(
    Level.INFO,
    "the login `hacluster` gets a new password on every node: the one of the bot's secrets if it has one there, else a "
    "random one that nobody is told. Where somebody logs in to pcsd's web page with the old one, that ends",
)
READS = ("conf", "host_auth", "os", "packages", "units")


def parse(words: Words, desk: Desk) -> SetupRequest:
    """Read `[CLUSTER] [--new-password]`. Raises `UsageError`."""
    cluster = parse_cluster(words, desk).cluster
    return SetupRequest(cluster, new_password=words.flag("new-password"), password=hacluster_password(desk))


def decide(request: SetupRequest, snapshot: Snapshot) -> Decision:
    """Plan the steps that are left, or say that the nodes trust each other already."""
    cluster = request.cluster
    reasons = unreachable(snapshot, *READS)
    if reasons:
        return Refusal("auth", reasons)
    steps = trust_steps(request, snapshot)
    if not steps:
        return NothingToDo("auth", f"`{cluster.name}`: the nodes trust each other already; nothing was changed.")
    present = {step.id for step in steps}
    risks = (_NEW_PASSWORD,) if "password" in present else ()
    kept = tuple(replace(step, after=tuple(a for a in step.after if a in present)) for step in steps)
    return Plan("auth", cluster, f"Let the nodes of `{cluster.name}` trust each other.", kept, risks)


VERB = Verb(
    name="auth",
    summary="Let the nodes' pcs trust each other (pcs host auth)",
    usage="auth [CLUSTER] [--new-password]",
    role=Role.ADMIN,
    options=(Option("new-password", "set a new `hacluster` password even where they trust each other already"),),
    example="auth web",
    parse=parse,
    change=Change(READS, decide),
)
