"""Keys of the session that Explore sets and others read, or that stand in its links."""

from __future__ import annotations

VIEWER_OFFSET = "viewer_offset"
VIEWER_VIEW = "viewer_view"
