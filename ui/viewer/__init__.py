"""The live viewer: maps as bits, cut in the browser at the speed of a drag."""

from ui.viewer.component import MAX_BYTES, VIEWS, ViewerState, viewer

__all__ = ["MAX_BYTES", "VIEWS", "ViewerState", "viewer"]
