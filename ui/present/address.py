"""The address of Present: the user's own view, and the scene on stage."""

from __future__ import annotations

from ui.links.fields import Address, text

__all__ = ["OWN_VIEW", "PRESENT", "SCENE"]

#: Where the session keeps the link of the user's own view, and the name of the scene on stage.
OWN_VIEW, SCENE = "stage_view", "stage_scene"

PRESENT = Address("present", (), (text(OWN_VIEW, 6000, name="view"), text(SCENE, 40, name="scene")))
