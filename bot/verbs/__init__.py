"""Verbs of the conversation itself, and the one tuple of all verbs there are."""

from __future__ import annotations

from bot.verbs import ack, audit, history, incidents, plans, policy, report, silence, trust, watch, whoami
from bot.verbs import help as help_verb
from commands.verbs import CLUSTER_VERBS
from commands.verbs.verb import Verb

VERBS: tuple[Verb, ...] = (
    *CLUSTER_VERBS,
    plans.PENDING,
    plans.APPROVE,
    plans.DENY,
    plans.CANCEL,
    trust.VERB,
    incidents.VERB,
    ack.VERB,
    silence.VERB,
    watch.VERB,
    report.VERB,
    history.VERB,
    audit.VERB,
    policy.VERB,
    help_verb.VERB,
    whoami.VERB,
)
"""Help, the policy table, the modal's choices and the documentation of verbs are all made from these."""

CHANGING = frozenset(verb.name for verb in VERBS if verb.change is not None)
"""The verbs that change a cluster: what a rule of approval can be about."""
