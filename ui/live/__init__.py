"""Live: two networks in the page at frame rate."""

from ui.live.component import LiveAnswer, live

__all__ = ["LiveAnswer", "live"]
