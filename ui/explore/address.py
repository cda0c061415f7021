"""The address of Explore: the rail, and what the viewer shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from design_core.browser.limits import MAX_ZOOM
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import decode_kernel, encode_kernel
from design_core.pictures.feature_maps import MAX_MAPS
from design_core.scaling import MAX_NUMBER, Scale
from ui.compute import Scene
from ui.explore import keys
from ui.links.fields import Address, Field, State, choice, number, whole
from ui.rail.fields import RAIL_FIELDS
from ui.viewer import VIEWS, ViewerState

__all__ = ["EXPLORE", "VIEWER_FIELDS", "kept_entries", "start_of"]

_MAX_SIDE = 4096


def kept_entries(scene: Scene, chosen: ThresholdKernel, shown: ViewerState) -> dict[str, Any]:
    """Entries of the state that hold what the viewer shows.

    Parameters
    ----------
    scene, chosen
        What it was given: the feature maps' scene, and the kernel as the rail has it.
    shown
        What it answered.
    """
    edited = shown.kernel if (shown.kernel.levels != chosen.levels).any() else None
    old = chosen.scale
    return {
        "viewer_scene": scene.content,
        "viewer_chosen": chosen,
        "viewer_edited": edited,
        "viewer_strength": None if shown.strength == old.strength else shown.strength,
        keys.VIEWER_OFFSET: None if shown.offset == old.offset else shown.offset,
        keys.VIEWER_VIEW: shown.view,
        "viewer_selected": shown.selected,
        "viewer_zoom": shown.zoom or 0,
        "viewer_divider": shown.divider,
        "viewer_pinned": shown.pinned,
    }


def start_of(
    state: State, scene: Scene, chosen: ThresholdKernel, shape: tuple[int, ...]
) -> ViewerState:
    """What the viewer opens with: as the link says, or as it was left.

    What was done to another kernel than `chosen`, or on other maps than the scene's, no longer
    counts. A link leaves both open: it speaks of the kernel and the maps that it names itself.
    """
    same_kernel = state.get("viewer_chosen") in (None, chosen)
    same_maps = state.get("viewer_scene") in (None, scene.content)
    selected = state.get("viewer_selected", 0) if same_maps else 0
    row, column = state.get("viewer_pinned") or (-1, -1)
    is_inside = same_maps and 0 <= row < shape[1] and 0 <= column < shape[2]
    return ViewerState(
        kernel=_edited(state, chosen) if same_kernel else chosen,
        view=state.get(keys.VIEWER_VIEW, "auto"),
        selected=min(selected, shape[0] - 1),
        zoom=state.get("viewer_zoom") or None,
        divider=state.get("viewer_divider", 0.5),
        pinned=(row, column) if is_inside else None,
    )


def _edited(state: State, chosen: ThresholdKernel) -> ThresholdKernel:
    moved = chosen.scaled(
        strength=state.get("viewer_strength"), offset=state.get(keys.VIEWER_OFFSET)
    )
    edited: ThresholdKernel | None = state.get("viewer_edited")
    if edited is None or (edited.shape, edited.level_set) != (chosen.shape, chosen.level_set):
        return moved
    return replace(moved, levels=edited.levels, name=f"{chosen.name or 'kernel'}, edited")


def _levels_field() -> Field:
    plain = Scale("lloyd-max")  # has values for any levels; the scale is the chosen kernel's

    def read(state: State) -> str:
        edited: ThresholdKernel | None = state.get("viewer_edited")
        return "" if edited is None else encode_kernel(edited.with_scale(plain))

    def write(code: str) -> dict[str, Any]:
        return {
            "viewer_edited": decode_kernel(code) if code else None,
            "viewer_chosen": None,
            "viewer_scene": None,
        }

    return Field("edited", read, write)


def _optional(key: str, name: str) -> Field:
    """A number that the chosen kernel has already, unless the state says otherwise."""
    plain = number(key, -MAX_NUMBER, MAX_NUMBER, math.nan, name=name)

    def read(state: State) -> str:
        return "" if state.get(key) is None else plain.read(state)

    def write(code: str) -> dict[str, Any]:
        return plain.write(code) if code else {key: None}

    return Field(name, read, write)


def _pixel_field() -> Field:
    def read(state: State) -> str:
        pinned = state.get("viewer_pinned")
        return f"{pinned[0]}.{pinned[1]}" if pinned else ""

    def write(code: str) -> dict[str, Any]:
        if not code:
            return {"viewer_pinned": None}
        parts = code.split(".")
        if len(parts) != 2 or not all(part.isdecimal() and len(part) < 5 for part in parts):
            raise ValueError(f"row.column is expected, not {code[:40]!r}")
        row, column = map(int, parts)
        return {"viewer_pinned": (min(row, _MAX_SIDE), min(column, _MAX_SIDE))}

    return Field("pixel", read, write)


VIEWER_FIELDS = (
    _levels_field(),
    _optional("viewer_strength", "strength"),
    _optional(keys.VIEWER_OFFSET, "offset"),
    choice(keys.VIEWER_VIEW, VIEWS, "auto", name="view"),
    whole("viewer_selected", 0, MAX_MAPS - 1, 0, name="map"),
    whole("viewer_zoom", 0, MAX_ZOOM, 0, name="zoom"),
    number("viewer_divider", 0, 1, 0.5, name="divider").only(
        lambda state: state.get(keys.VIEWER_VIEW) == "wipe"
    ),
    _pixel_field(),
)

EXPLORE = Address("explore", RAIL_FIELDS, VIEWER_FIELDS)
