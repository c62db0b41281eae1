"""Somebody changed the configuration: who, and from where."""

from __future__ import annotations

from collections.abc import Callable

from commands.condition import Condition
from commands.events import Kind, diff
from commands.snapshot import Snapshot
from commands.troubles import troubles

SituationOf = Callable[..., Snapshot]
KnownAfter = Callable[..., Condition]
Alter = Callable[..., Snapshot]


def test_a_changed_configuration_names_who_wrote_it_and_from_where(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    changed = altered(
        healthy, None, "cib", epoch=8, update_user="root", update_client="crm_attribute", update_origin="n2"
    )
    (event,) = diff(known(healthy), known(healthy, changed))
    assert event.kind is Kind.CONFIGURATION_CHANGED
    assert event.text == "the configuration was changed (0.7 to 0.8), last by root@crm_attribute from n2"
    assert troubles(known(healthy, changed)) == ()


def test_what_only_the_status_section_counts_is_no_change(
    situation: SituationOf, known: KnownAfter, altered: Alter
) -> None:
    healthy = situation("healthy")
    assert diff(known(healthy), known(healthy, altered(healthy, None, "cib", num_updates=99))) == ()
