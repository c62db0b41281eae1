"""What can be asked of a cluster: facts, snapshots, checks, plans and verbs. Knows no Slack and no clock."""
