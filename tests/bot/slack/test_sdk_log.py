"""The SDK's log lines give nothing away."""

from __future__ import annotations

import logging

import pytest

from bot.slack.sdk_log import sdk_logger


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-123-456-abcDEF",
        "xapp-1-A1-2-ff",
        "wss://wss-primary.slack.com/link/?ticket=0123-4567&app_id=89",
        "https://hooks.slack.com/commands/T1/22/abc",
        "https://hooks.slack.com/actions/T1/22/abc",
    ],
)
def test_secrets_are_masked_and_tracebacks_left_out(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    logger = sdk_logger()
    error = ConnectionError(f"cannot reach {secret}")
    logger.error("Failed to connect (error: %s)", error, exc_info=error)

    tail = secret.rpartition("/")[2].rpartition("=")[2]
    assert tail not in caplog.text
    assert "Failed to connect" in caplog.text
    assert "ConnectionError" in caplog.text


def test_payloads_are_never_logged() -> None:
    assert not sdk_logger().isEnabledFor(logging.DEBUG)
