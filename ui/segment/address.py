"""The address of Segment: the picture, and what stands beside Sign."""

from __future__ import annotations

import re
from typing import Any

from design_core.pictures.samples import sample_names
from ui.links.fields import Address, Field, State, choice, whole
from ui.rail import keys as rail_keys
from ui.rail.fields import wanted_upload
from ui.segment import keys
from ui.segment.networks import BESIDE
from ui.segment.picture import MOST_SCENES, SCENE, TEST, first_code

__all__ = ["MOST_SEEDS", "SEGMENT"]

MOST_SEEDS = 10


def _read_picture(state: State) -> str:
    # What a link asked for and is not at hand yet stays in the link.
    waiting = state.get(rail_keys.PICTURE_WANTED) if state.get(keys.WAY) == "Upload" else ""
    code: str = waiting or state.get(keys.CODE, "")
    return "" if code == first_code() else code


def _write_picture(code: str) -> dict[str, Any]:
    code = code or first_code()
    if wanted_upload(code):
        return {keys.WAY: "Upload", rail_keys.PICTURE_WANTED: code}
    if found := re.fullmatch(rf"{SCENE}([0-9]{{1,6}})", code):
        if not first_code().startswith(SCENE):
            raise ValueError("the test pictures of CamVid are not on this machine")
        if int(found[1]) >= MOST_SCENES:
            raise ValueError(f"there is no test picture {found[1]}")
        return {keys.WAY: TEST, keys.SCENE: int(found[1])}
    if code not in (*sample_names("photos"), *sample_names("patterns")):
        raise ValueError(f"there is no picture {code[:40]!r}")
    return {keys.WAY: "Sample", keys.SAMPLE: code}


SEGMENT = Address(
    "segment",
    (),
    (
        Field("picture", _read_picture, _write_picture),
        choice(keys.BESIDE, BESIDE, BESIDE[0], name="beside"),
        whole(keys.SEED, 0, MOST_SEEDS - 1, 0, name="seed"),
    ),
)
