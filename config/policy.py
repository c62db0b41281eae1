"""Who may do what: roles, by immutable Slack ids, per cluster.

Changes are denied unless a grant says otherwise; looking is open to `everyone_views`. Names and e-mail addresses play no
part: they can be changed by their owner.
"""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """Each role may do what the ones below it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3
