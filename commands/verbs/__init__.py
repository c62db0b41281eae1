"""Verbs that ask or change a cluster, one file each, and the one tuple of them."""

from __future__ import annotations

from commands.verbs import (
    adopt,
    auth,
    cleanup,
    clear,
    clusters,
    confirm_down,
    fence,
    maintenance,
    members,
    one_node,
    power,
    restart,
    unblock,
    whatif,
)
from commands.verbs.failover.verb import FAILBACK, FAILOVER
from commands.verbs.failover_mode.verb import VERB as FAILOVER_MODE
from commands.verbs.setup.verb import VERB as SETUP
from commands.verbs.standby import STANDBY, UNSTANDBY
from commands.verbs.status.verb import VERB as STATUS
from commands.verbs.verb import Verb

CLUSTER_VERBS: tuple[Verb, ...] = (
    STATUS,
    members.VERB,
    clusters.VERB,
    whatif.VERB,
    FAILOVER,
    FAILBACK,
    STANDBY,
    UNSTANDBY,
    restart.VERB,
    cleanup.VERB,
    clear.VERB,
    maintenance.VERB,
    one_node.START,
    one_node.STOP,
    power.ENABLE,
    power.DISABLE,
    fence.VERB,
    confirm_down.VERB,
    unblock.VERB,
    FAILOVER_MODE,
    auth.VERB,
    SETUP,
    adopt.VERB,
)
"""In the order in which help lists them: what is asked most comes first."""
