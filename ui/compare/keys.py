"""Keys of the session that Compare sets and others read, or that stand in its links."""

from __future__ import annotations

CORRUPTION = "compare_corruption"
LEARNING_QUANTITY = "learning_quantity"
LEARNING_TARGET = "learning_target"
PANEL = "compare_panel"
WRONG_SIDE = "wrong_side"
ZOO_AFFINE = "zoo_affine"
ZOO_DATA = "zoo_data"
