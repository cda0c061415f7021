"""Keys of the session that Speed sets and others read, or that stand in its links."""

from __future__ import annotations

BATCH = "speed_batch"
QUESTION = "speed_question"
THREADS = "speed_threads"
