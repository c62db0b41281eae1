"""The conversation, and what happens on a clock: dispatch, approvals, Slack, the terminal, the store."""
