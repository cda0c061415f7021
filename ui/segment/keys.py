"""Keys of the session that stand in Segment's links."""

from __future__ import annotations

BESIDE = "segment_beside"
CHOSEN = "segment_chosen"
CODE = "segment_code"
SAMPLE = "segment_sample"
SCENE = "segment_scene"
SEED = "segment_seed"
WAY = "segment_way"
