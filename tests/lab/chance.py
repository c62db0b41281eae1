"""The seed of what chance chooses in a run on real nodes."""

from __future__ import annotations

import os
from datetime import UTC, datetime

SEED = int(os.environ.get("CHAOS_SEED") or f"{datetime.now(UTC):%Y%m%d}")
"""The day, so that a run that failed fails again when it is looked into, and tomorrow's tries something else."""
