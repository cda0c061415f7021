"""Where the files that come with the project lie, and where downloads go."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ASSETS", "DATA", "ROOT"]

#: The folder that holds the packages.
ROOT = Path(__file__).resolve().parents[1]

#: Samples, checkpoints and fonts, beside the packages, whatever the working directory.
ASSETS = ROOT / "assets"

#: Data sets that the user downloads or puts there; not part of the project.
DATA = ROOT / "data"
