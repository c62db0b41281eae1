"""Slack, translated: what people do there becomes calls of `Dispatch`, and `Report`s become Block Kit.

Nothing is decided here. `Slack` in `slack.py` is the front; this package alone imports slack_bolt and slack_sdk.
"""
