"""Pictures to choose from."""

from ui.tiles.component import Tile, tiles

__all__ = ["Tile", "tiles"]
