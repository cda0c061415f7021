"""Pictures to choose from."""

from ui.predict.tiles.component import Tile, tiles

__all__ = ["Tile", "tiles"]
