"""`trust`: a host key that the bot has shown is trusted, by words instead of its button."""

from __future__ import annotations

from dataclasses import dataclass

from bot import ids
from commands.errors import UsageError
from commands.verbs.verb import Desk, Verb
from commands.verbs.words import Words
from config.inventory import ClusterSpec
from config.policy import Role


@dataclass(frozen=True, slots=True)
class TrustRequest:
    """Trust the key that was offered under this id. A key is an address's, so it is about no single cluster."""

    offer: str
    cluster: ClusterSpec | None = None


def parse(words: Words, desk: Desk) -> TrustRequest:
    """Read `KEY`. Raises `UsageError`."""
    del desk
    if len(words.positional) != 1 or not ids.is_id(words.positional[0]):
        raise UsageError("say which key, by its id", remedy="`/hacluster status` shows it with the key.")
    return TrustRequest(words.positional[0])


VERB = Verb(
    name="trust",
    summary="Trust a host key that the bot has shown, exactly as shown",
    usage="trust KEY",
    role=Role.ADMIN,
    example="trust Xy3kPq81_aZbNc4d",
    parse=parse,
    says="trust",
)
