"""The Web API's methods, one file per family, and the table of them all."""

from __future__ import annotations

from sandbox.slack.methods import chat, connections, conversations, files, people, reactions, views
from sandbox.slack.methods.call import Method

METHODS: dict[str, Method] = {
    method.name: method
    for family in (chat, connections, conversations, files, people, reactions, views)
    for method in family.METHODS
}
