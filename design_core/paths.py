"""Where the files that come with the project lie."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ASSETS"]

#: Samples, checkpoints and fonts, beside the packages, whatever the working directory.
ASSETS = Path(__file__).resolve().parents[1] / "assets"
