"""Opening a form within the three seconds that a trigger lives."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from bot.conversation import Place
from bot.slack.api import Api, SlackRefused, words_for
from bot.slack.limits import Block, view_problems
from bot.slack.modals import closing_view, form_view, waiting_view
from commands.verbs.form import Form

PATIENCE = 0.8
"""Seconds to wait for the form itself before a waiting view is opened in its place."""


_log = structlog.get_logger(__name__)


class Forms:
    """Modals in front of people."""

    def __init__(self, api: Api, patience: float = PATIENCE) -> None:
        self._api = api
        self._patience = patience

    async def open(self, trigger: str, verb: str, place: Place, lookup: Coroutine[Any, Any, Form | None]) -> bool:
        """Open the form that `lookup` finds; False if it finds none.

        Raises `SlackRefused`: `expired_trigger_id` when it came too late, `exchanged_trigger_id` for a second delivery.
        """
        task = asyncio.ensure_future(lookup)
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if done:
            form = task.result()
            if form is not None:
                await self._open(trigger, form_view(form, place))
            return form is not None
        waiting = await self._open(trigger, waiting_view(verb, place))
        view = closing_view(verb, "Something went wrong; the answer in the channel says more.")
        try:
            form = await task
            nothing = closing_view(verb, "There is nothing to fill in here. The answer is in the channel.")
            view = form_view(form, place) if form is not None else nothing
            return form is not None
        finally:
            await self._fill(waiting, view)

    async def _open(self, trigger: str, view: Block) -> Block:
        view = _acceptable(view)
        with words_for("views.open"):
            answer = await self._api.posting.views_open(trigger_id=trigger, view=view)
        opened: Block = answer["view"]
        return opened

    async def _fill(self, waiting: Block, view: Block) -> None:
        view = _acceptable(view)
        try:
            with words_for("views.update"):
                await self._api.repeatable.views_update(view_id=waiting["id"], hash=waiting["hash"], view=view)
        except SlackRefused as refused:
            if refused.code not in {"not_found", "hash_conflict"}:  # closed, or filled by a repeated call
                raise


def _acceptable(view: Block) -> Block:
    """Return a view that Slack takes: one that it would refuse is a mistake of ours, told in its place."""
    problems = view_problems(view)
    if not problems:
        return view
    _log.error("a form that Slack would refuse", callback_id=view.get("callback_id"), problems=problems)
    return closing_view("Form", "This form cannot be shown. Type the command with its options instead: see help.")
