"""How many people it takes to change a cluster: data, of which the first rule that fits counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.roles import Role, RoleName
from config.scope import NO_GROUPS, ClusterGroups, Scope, covers

Risk = Literal["ordinary", "dangerous"]
"""What a plan may cost if it is wrong: an ordinary one is undone by its opposite, a dangerous one is not."""


class ApprovalRule(BaseModel):
    """What it takes to carry a plan out. Without any rule the person who asked confirms, and that is enough."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    clusters: Annotated[tuple[Scope, ...], Field(min_length=1)] = ("*",)
    verbs: tuple[str, ...] = ()
    """The verbs it is for; empty for all that change something."""
    risk: Risk | None = None
    """The plans it is for; all if left out."""
    approvals: Annotated[int, Field(ge=0, le=5)] = 1
    """How many people must approve. With 0 the one who asked confirms alone."""
    by: Annotated[tuple[RoleName, ...], Field(min_length=1)] = (Role.OPERATOR, Role.APPROVER)
    """Whose word counts. An admin's always does."""
    own: bool = False
    """Whether the one who asked may be among them."""
    within: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    """Minutes after which an unanswered request is void."""
    break_glass: bool = True
    """Whether one person alone may go ahead with a typed reason, loudly, when nobody else is there."""

    def fits(self, verb: str, cluster: str, risk: Risk, groups: ClusterGroups = NO_GROUPS) -> bool:
        """Whether it is for such a plan."""
        return (
            covers(self.clusters, cluster, groups)
            and (not self.verbs or verb in self.verbs)
            and self.risk in {None, risk}
        )

    @property
    def alone(self) -> bool:
        """Whether who asked confirms, and nobody else is needed."""
        return self.approvals == 0

    @property
    def patience(self) -> timedelta:
        """How long a request waits for its answers."""
        return timedelta(minutes=self.within)


OWN_CONFIRM = ApprovalRule(approvals=0, own=True, within=15)
"""What holds where no rule fits: who asks has read the plan, and confirms it within a quarter of an hour."""
