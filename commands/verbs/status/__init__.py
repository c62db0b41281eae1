"""`status`: how a cluster is right now, by the word of its nodes; or of all clusters, the worst first."""

from commands.verbs.status.report import overview_of, report_of
from commands.verbs.status.verb import VERB

__all__ = ["VERB", "overview_of", "report_of"]
