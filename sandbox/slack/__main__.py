"""`python -m sandbox.slack`."""

from __future__ import annotations

from sandbox.slack.cli import main

raise SystemExit(main())
