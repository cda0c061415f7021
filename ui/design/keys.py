"""Keys of the session that Design sets and others read, or that stand in its links."""

from __future__ import annotations

DESK = "desk"
DISTRIBUTION = "distribution"
LINKED_KERNEL = "linked_kernel"
PANEL = "panel"
SCORE_FORM = "score_form"
SCORE_OBJECTIVE = "score_objective"
SCORE_SOURCE = "score_source"
SCORE_WEIGHT = "score_weight"
SWEEP_ACROSS = "sweep_across"
SWEEP_STRENGTHS = "sweep_strengths"
