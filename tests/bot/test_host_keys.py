"""Host keys that nobody trusts yet: shown with their fingerprint, trusted by an admin, exactly as shown."""

from __future__ import annotations

import pytest

from bot import cards, ids
from bot.conversation import Actor
from bot.store import Store
from bot.verbs import VERBS
from commands.command import Command, Completed
from commands.errors import HostKeyUnknown
from config.inventory import NodeSpec
from tests.bot.conftest import (
    ADMIN,
    NOBODY,
    OPERATOR,
    TERMINAL,
    VIEWER,
    WEB_OPERATOR,
    Dark,
    Door,
    HandTime,
    make_door,
    words,
)


class Strangers(Dark):
    """Nodes that can be reached, with keys nobody has trusted."""

    async def run(self, node: NodeSpec, command: Command) -> Completed:
        self.ran.append(command)
        raise HostKeyUnknown(
            f"its host key is not trusted yet: SHA256:{node.name}",
            node=node.name,
            address=str(node.address),
            port=22,
            key=f"ssh-ed25519 AAAA{node.name}",
            fingerprint=f"SHA256:{node.name}",
        )


@pytest.fixture
def strangers(store: Store, time: HandTime) -> Door:
    return make_door(store, Strangers(), time, VERBS)


def offers(door: Door) -> list[str]:
    return [choice.value for choice in door.surface.of("post")[-1].choices]


async def test_an_unknown_key_is_a_refusal_that_shows_it_with_a_button_to_trust_it(strangers: Door) -> None:
    await strangers.ask(OPERATOR, "start web")
    (report,) = strangers.surface.of("post")
    assert "start is not possible" in report.headline
    assert [(choice.label, choice.action) for choice in report.choices] == [
        ("Trust n1", cards.TRUST),
        ("Trust n2", cards.TRUST),
    ]
    assert "SHA256:n1" in report.choices[0].confirm
    assert "SHA256:n2" in words(report)
    assert all(ids.is_id(offer) for offer in offers(strangers))
    assert await strangers.store.trusted("10.0.0.1", 22) == ()


async def test_trusting_stores_exactly_the_key_that_was_shown(strangers: Door) -> None:
    await strangers.ask(OPERATOR, "start web")
    first, _ = offers(strangers)
    await strangers.press(ADMIN, cards.TRUST, first)
    await strangers.press(ADMIN, cards.TRUST, first)
    assert await strangers.store.trusted("10.0.0.1", 22) == ("ssh-ed25519 AAAAn1",)
    assert await strangers.store.trusted("10.0.0.2", 22) == ()
    assert "SHA256:n1" in strangers.surface.of("post")[-1].headline
    trusted = [detail for event, _, detail in await strangers.audited() if event == "trusted"]
    assert trusted[0] == {"node": "n1", "address": "10.0.0.1", "fingerprint": "SHA256:n1"}


async def test_whoever_is_not_admin_of_everything_is_refused(strangers: Door) -> None:
    await strangers.ask(OPERATOR, "start web")
    for who in (OPERATOR, WEB_OPERATOR, VIEWER, NOBODY):
        await strangers.press(who, cards.TRUST, offers(strangers)[0])
        assert "takes the role admin" in words(strangers.surface.of("whisper")[-1])
    assert await strangers.store.trusted("10.0.0.1", 22) == ()
    await strangers.press(TERMINAL, cards.TRUST, offers(strangers)[0])
    assert len(await strangers.store.trusted("10.0.0.1", 22)) == 1


async def test_an_offer_that_was_never_made_is_answered(strangers: Door) -> None:
    for forged in ("", "x", ids.fresh(), "y" * 100_000):
        await strangers.press(ADMIN, cards.TRUST, forged)
        assert "that host key is not known" in words(strangers.surface.of("whisper")[-1])


async def test_adopting_from_an_unknown_server_offers_its_key(strangers: Door) -> None:
    await strangers.ask(ADMIN, "adopt 10.0.9.1")
    await strangers.press(ADMIN, cards.TRUST, offers(strangers)[0])
    assert await strangers.store.trusted("10.0.9.1", 22) == ("ssh-ed25519 AAAAnode",)


@pytest.mark.parametrize("asked", ["status web", "members web", "status", "whatif n1 lost web"])
async def test_whatever_an_admin_asks_offers_the_keys_that_it_came_upon(strangers: Door, asked: str) -> None:
    await strangers.ask(ADMIN, asked)
    (report,) = strangers.surface.of("post")
    labels = [choice.label for choice in report.choices]
    assert labels[:2] == ["Trust n1", "Trust n2"], "each once, however many facts of the node were asked"
    assert len(labels) == len(set(labels))
    for choice in report.choices:
        assert f"`/hacluster trust {choice.value}`" in words(report)
    assert "n1 (10.0.0.1) offers the host key `SHA256:n1`" in words(report)
    assert await strangers.store.trusted("10.0.0.1", 22) == (), "to be shown a key is not to trust it"
    await strangers.press(ADMIN, cards.TRUST, offers(strangers)[0])
    assert await strangers.store.trusted("10.0.0.1", 22) == ("ssh-ed25519 AAAAn1",)


@pytest.mark.parametrize("who", [VIEWER, OPERATOR, WEB_OPERATOR])
async def test_who_only_looks_and_is_no_admin_is_told_of_the_key_and_offered_nothing(
    strangers: Door, who: Actor
) -> None:
    await strangers.ask(who, "status web")
    (report,) = strangers.surface.of("post")
    assert report.choices == ()
    assert "SHA256:n1" in words(report)


async def test_asking_again_offers_the_same(strangers: Door) -> None:
    await strangers.ask(ADMIN, "status web")
    first = offers(strangers)
    await strangers.ask(ADMIN, "members web")
    assert offers(strangers) == first


async def test_a_key_is_trusted_by_typing_too_as_in_a_terminal(strangers: Door) -> None:
    await strangers.ask(TERMINAL, "status web")
    first, _ = offers(strangers)
    await strangers.ask(WEB_OPERATOR, f"trust {first}")
    assert "takes the role admin" in words(strangers.surface.of("whisper")[-1])
    assert await strangers.store.trusted("10.0.0.1", 22) == ()
    await strangers.ask(TERMINAL, f"trust {first}")
    assert await strangers.store.trusted("10.0.0.1", 22) == ("ssh-ed25519 AAAAn1",)
    for forged in ("trust", "trust n1", f"trust {ids.fresh()}"):
        await strangers.ask(ADMIN, forged)
    told = [words(report) for report in strangers.surface.of("whisper")[-3:]]
    assert ["say which key" in one for one in told] == [True, True, False]
    assert "that host key is not known" in told[-1]


async def test_without_a_store_a_key_can_be_shown_only(time: HandTime) -> None:
    door = make_door(None, Strangers(), time, VERBS)
    await door.ask(TERMINAL, "status web")
    (report,) = door.surface.of("post")
    assert report.choices == ()
    assert "SHA256:n1" in words(report)
