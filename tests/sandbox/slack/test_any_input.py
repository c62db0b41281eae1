"""Whatever JSON arrives, the workspace answers as Slack does: with a result or a refusal, never with a failure of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.slack import Workspace
from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import message_block_problems, view_block_problems
from sandbox.slack.methods import METHODS
from sandbox.slack.methods.call import Call, Method
from sandbox.slack.refusal import Refused
from sandbox.slack.world import MANIFEST_SCOPES

WORDS = st.sampled_from(
    [
        *(
            "section",
            "actions",
            "input",
            "table",
            "rich_text",
            "image",
            "context",
            "button",
            "static_select",
            "overflow",
        ),
        *("mrkdwn", "plain_text", "raw_text", "modal", "home", "C0000000OPS", "#ops", "U0000000ADA", "S0000000OPS", ""),
    ]
)
KEYS = st.sampled_from(
    [
        *("type", "text", "fields", "elements", "element", "accessory", "options", "option_groups", "initial_option"),
        *("initial_options", "action_id", "block_id", "value", "label", "rows", "confirm", "title", "blocks", "submit"),
        *("channel", "channel_id", "user", "users", "ts", "thread_ts", "view", "trigger_id", "view_id", "files", "id"),
        *(
            "filename",
            "length",
            "cursor",
            "limit",
            "types",
            "metadata",
            "attachments",
            "external_id",
            "timestamp",
            "name",
        ),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=15,
)
EVERYTHING = (
    *MANIFEST_SCOPES,
    *("channels:history", "im:read", "im:write", "users:read", "files:read", "reactions:write"),
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5) | JSON, max_size=3), JSON)
def test_any_blocks_are_judged(blocks: list[Any], anything: Any) -> None:
    assert all(isinstance(problem, str) for problem in message_block_problems(blocks))
    assert all(isinstance(problem, str) for problem in view_block_problems(anything))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all examples."""
    with asyncio.Runner() as loop:
        yield loop


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
@settings(QUICK, max_examples=15)
@given(arguments=st.dictionaries(KEYS, JSON | JSON.map(json.dumps), max_size=6))
def test_any_arguments_are_answered_or_refused(
    method: Method, runner: asyncio.Runner, arguments: dict[str, Any]
) -> None:
    ws = Workspace(scopes=EVERYTHING)
    try:
        answer = runner.run(method.answer(Call(ws.site, Arguments(arguments))))
    except Refused as refused:
        answer = refused.payload()
    json.dumps(answer)
