"""The SDK's own log lines, without what they would give away: socket tickets, tokens, response addresses, payloads."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(
    r"""xox[a-z]-[\w-]+|xapp-[\w-]+"""
    r"""|(?<=[?&])(?:ticket|app_id|token)=[^&\s'"]+"""
    r"""|(?<=://)[^/\s'"]+/(?:actions|commands|app|services)/[^\s'"]+"""
)


class WithoutSecrets(logging.Filter):
    """Masks secrets in messages, and leaves the name of an exception in the place of its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always logged."""
        message = _SECRET.sub("***", record.getMessage())
        if record.exc_info and record.exc_info[0]:
            message = f"{message} [{record.exc_info[0].__name__}]"
        record.msg, record.args, record.exc_info, record.exc_text = message, (), None, None
        return True


def sdk_logger() -> logging.Logger:
    """Return the logger for Bolt and the SDK. It never goes below INFO: at DEBUG they log whole payloads."""
    logger = logging.getLogger("hacluster.slack")
    if not any(isinstance(known, WithoutSecrets) for known in logger.filters):
        logger.addFilter(WithoutSecrets())
    logger.setLevel(logging.INFO)
    return logger
