"""Keys of the session that Live sets and others read, or that stand in its links."""

from __future__ import annotations

CAME = "live_came"
DATA = "live_data"
NETWORKS = "live_networks"
