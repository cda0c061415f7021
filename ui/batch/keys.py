"""Keys of the session that Batch sets and others read, or that stand in its links."""

from __future__ import annotations

BATCH = "batch"
SAMPLES = "batch_samples"
