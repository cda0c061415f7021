"""The live viewer as a Streamlit component: maps go out once, what the user set comes back.

Two components work together. `_pictures` carries the code and the maps as bytes; its message is
large and the same on every run, so Streamlit sends it once and then refers to it by hash.
`_settings` carries what may change with a run, a few hundred bytes. In the browser the two meet
under the viewer's key. While a slider is dragged nothing is sent at all.

The mathematics in the browser is in math.js of `design_core.browser`, beside its reference.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core import browser
from design_core.browser.kernels import kernel_ranks, plain_kernel
from design_core.browser.limits import MAX_ZOOM
from design_core.kernels.kernel import ThresholdKernel

__all__ = [
    "MAX_BYTES",
    "VIEWS",
    "ViewerState",
    "viewer",
    "viewer_markup",
    "viewer_script",
    "viewer_settings",
    "viewer_style",
]

#: The views by name; ``auto`` is side by side, or wipe where there is no room for two pictures.
VIEWS: tuple[str, ...] = (
    "auto",
    "single",
    "side-by-side",
    "wipe",
    "flicker",
    "difference",
    "tv",
    "diffusion",
)

#: Maps together may take this many bytes: 64 maps of 512×512, or eight of 2048×2048...
MAX_BYTES = 134_217_728

_FAR = 1e6  # no slider reaches such a strength or offset

_HERE = Path(__file__).parent
# Joined in this order into one module; a component takes one script.
_SHARED = ("reports", "math", "limits", "paint", "files", "kernel_drawing", "kernel_panel")
_OWN = ("framing", "readout", "map_strip", "save_menu", "gestures", "keys", "viewer")


def viewer_markup() -> str:
    """The markup of the viewer."""
    return browser.with_kernel_panel((_HERE / "viewer.html").read_text(encoding="utf-8"))


def viewer_style() -> str:
    """The style of the viewer."""
    return browser.text("instrument.css") + (_HERE / "viewer.css").read_text(encoding="utf-8")


def viewer_script() -> str:
    """The modules of the viewer, joined, without what mounts it."""
    return browser.joined(*_SHARED) + browser.joined(*_OWN, folder=_HERE / "js")


_pictures = st.components.v2.component(
    "design_viewer",
    html=viewer_markup(),
    css=viewer_style(),
    js=viewer_script() + browser.joined("channel") + browser.joined("mount", folder=_HERE / "js"),
)
_settings = st.components.v2.component(
    "design_viewer_settings", js=browser.joined("channel", "settings")
)


@dataclass(frozen=True)
class ViewerState:
    """What the viewer shows, as the user left it.

    Parameters
    ----------
    kernel
        The kernel on screen: levels as edited, strength and offset as set. What the page
        computes, writes and exports should use this one.
    view
        One of `VIEWS`.
    selected
        Index of the map on screen.
    zoom
        Device pixels per pixel of the map, or None to fit.
    divider
        Share of the width that shows Sign in the wipe view.
    pinned
        (row, column) of the pinned pixel, or None.
    """

    kernel: ThresholdKernel
    view: str
    selected: int = 0
    zoom: int | None = None
    divider: float = 0.5
    pinned: tuple[int, int] | None = None

    @property
    def strength(self) -> float:
        """Factor on every threshold; 0 is plain Sign."""
        return self.kernel.scale.strength

    @property
    def offset(self) -> float:
        """Added to every threshold."""
        return self.kernel.scale.offset


def viewer(
    maps: NDArray[np.float32],
    kernel: ThresholdKernel,
    *,
    names: Sequence[str],
    picture_alt: str,
    key: str,
    selected: int = 0,
    view: str = "auto",
    height: int = 420,
    presenter: bool = False,
    start: ViewerState | None = None,
    revision: int = 0,
    whole: bytes = b"",
    bare: bool = False,
) -> ViewerState:
    """Show maps cut by Sign and by a kernel, live: every bit is `binarize`'s.

    The user changes strength, offset and levels in the browser; the page hears of it on release.
    What is given here is where the user starts. Where a later run gives the same kernel (or view,
    or selection), the user's changes stay; where it gives another one, that one is shown. So give
    the kernel *as chosen*, work with the returned one, and do not feed it back.

    Parameters
    ----------
    maps
        Pre-activations x, float32, shape (C, H, W), finite; at most `MAX_BYTES` in all.
    kernel
        The kernel as chosen, with its scale. Map c is cut by slice c mod s.
    names
        One per map, for people.
    picture_alt
        What the picture shows, for screen readers.
    key
        Unique on the page; also the key of the state in `st.session_state`.
    selected
        Index of the map to show first.
    view
        One of `VIEWS`.
    height
        Height of the pictures at most, in CSS pixels.
    presenter
        Only pictures and numbers, in large type.
    start
        What to open with, where that is not all as given: the kernel edited, a view, a map and a
        zoom, as a link or an earlier visit left them.
    revision
        Raise it to make the viewer forget what the user did, and open with `start` again.
    whole
        The picture in its colours as PNG, to show beside what is cut of it; none if left out.
    bare
        Without kernel, scale and read-out, beside a page that has its own.

    Returns
    -------
    ViewerState
        What is on screen now.

    Raises
    ------
    ValueError
        Maps of another type or shape, not finite or too large; names, view or selection that do
        not fit.
    """
    _check(maps, names, selected, view)
    settings = viewer_settings(
        maps,
        kernel,
        names=names,
        picture_alt=picture_alt,
        selected=selected,
        view=view,
        height=height,
        presenter=presenter,
        revision=revision,
    )
    given = settings["given"]
    reported = _reported(key)
    if start and not _is_current(reported, revision):
        state = start
    else:
        state = _read(reported, given, kernel, maps.shape)
    # No gap, since the settings take no room of their own.
    with st.container(gap=None):
        _settings(
            key=f"{key}-settings",
            data={
                **settings,
                "key": key,
                "bare": bare,
                "restored": _plain_state(state) if reported or start else None,
            },
        )
        packed = _packed(maps, key, given["maps"], whole)
        _pictures(key=key, data=packed, on_state_change=_no_call)
    return state


def viewer_settings(
    maps: NDArray[np.float32],
    kernel: ThresholdKernel,
    *,
    names: Sequence[str],
    picture_alt: str,
    selected: int = 0,
    view: str = "auto",
    height: int = 420,
    presenter: bool = False,
    revision: int = 0,
) -> dict[str, Any]:
    """What viewer.js takes beside the maps; the parameters are those of `viewer`."""
    digest = _digest(str(maps.shape).encode(), np.ascontiguousarray(maps, "<f4").data)
    return {
        "given": {
            "kernel": _digest(json.dumps(kernel.to_dict(), sort_keys=True).encode()),
            "maps": digest,
            "size": list(maps.shape[1:]),
            "view": view,
            "selected": selected,
            "revision": revision,
        },
        "maps": digest,
        "shape": list(maps.shape),
        "names": list(names),
        "alt": picture_alt,
        "kernel": plain_kernel(kernel),
        "view": view,
        "selected": selected,
        "height": height,
        "presenter": presenter,
        "restored": None,
    }


def _no_call() -> None:
    """Streamlit lists only states that have a callback; ours needs none."""


def _check(maps: NDArray[Any], names: Sequence[str], selected: int, view: str) -> None:
    if maps.ndim != 3 or maps.dtype != np.float32 or 0 in maps.shape:
        raise ValueError(
            f"The viewer takes float32 maps of shape (C, H, W); got {maps.dtype} of shape "
            f"{maps.shape}."
        )
    if maps.nbytes > MAX_BYTES:
        raise ValueError(
            f"The viewer takes up to {MAX_BYTES >> 20} MB of maps; got {maps.nbytes >> 20} MB. "
            "Show fewer or smaller maps."
        )
    if not np.isfinite(maps).all():
        raise ValueError("The viewer takes finite maps; these hold NaN or infinity.")
    if len(names) != len(maps):
        raise ValueError(f"Each map needs one name; got {len(names)} for {len(maps)} maps.")
    if not 0 <= selected < len(maps):
        raise ValueError(f"There is no map {selected} among {len(maps)}.")
    if view not in VIEWS:
        raise ValueError(f"Unknown view {view!r}; choose one of {', '.join(VIEWS)}.")


def _digest(*parts: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:32]


def _packed(maps: NDArray[np.float32], key: str, digest: str, whole: bytes) -> bytes:
    """Header and values: length of the header (uint32), JSON, spaces up to 4, float32."""
    url = f"data:image/png;base64,{b64encode(whole).decode()}" if whole else ""
    header = json.dumps({"key": key, "hash": digest, "whole": url}).encode()
    header += b" " * (-len(header) % 4)
    return len(header).to_bytes(4, "little") + header + maps.astype("<f4", order="C").tobytes()


def _plain_state(state: ViewerState) -> dict[str, Any]:
    return {
        "ranks": kernel_ranks(state.kernel),
        "strength": state.strength,
        "offset": state.offset,
        "view": state.view,
        "selected": state.selected,
        "zoom": state.zoom,
        "divider": state.divider,
        "pinned": state.pinned,
    }


def _reported(key: str) -> Mapping[str, Any]:
    """What the browser last reported, or nothing."""
    component = st.session_state.get(key)
    report = component.get("state") if isinstance(component, Mapping) else None
    return report if isinstance(report, Mapping) else {}


def _is_current(reported: Mapping[str, Any], revision: int) -> bool:
    answered = reported.get("given")
    return isinstance(answered, Mapping) and answered.get("revision") == revision


def _read(
    reported: Mapping[str, Any],
    given: Mapping[str, Any],
    kernel: ThresholdKernel,
    shape: tuple[int, ...],
) -> ViewerState:
    """The user's report, as far as it answers what is given now; anything else is as given.

    A report comes from a browser, so nothing in it is taken on trust.
    """
    answered = reported.get("given")
    answered = answered if isinstance(answered, Mapping) else {}

    def answers(*names: str) -> bool:
        return all(answered.get(name) == given[name] for name in (*names, "revision"))

    view = reported.get("view") if answers("view") else None
    selected = reported.get("selected") if answers("selected", "maps") else None
    divider = reported.get("divider")
    # On maps of another size the browser begins anew with these.
    zoom, pinned = (reported.get(name) if answers("size") else None for name in ("zoom", "pinned"))
    return ViewerState(
        kernel=_edited(kernel, reported) if answers("kernel") else kernel,
        view=view if view in VIEWS else given["view"],
        selected=selected if _is_index(selected, shape[0]) else given["selected"],
        zoom=zoom if isinstance(zoom, int) and 1 <= zoom <= MAX_ZOOM else None,
        divider=min(1.0, max(0.0, divider)) if isinstance(divider, (int, float)) else 0.5,
        pinned=_pixel(pinned, shape),
    )


def _edited(kernel: ThresholdKernel, reported: Mapping[str, Any]) -> ThresholdKernel:
    """The kernel with the reported levels, strength and offset; as given where they are no such."""
    numbers = [reported.get(name) for name in ("strength", "offset")]
    if not all(isinstance(n, (int, float)) and abs(n) < _FAR for n in numbers):
        return kernel
    try:
        ranks = np.asarray(reported.get("ranks")).reshape(kernel.shape)
        levels = np.asarray(kernel.level_set)[ranks]
    except (TypeError, ValueError, IndexError):
        return kernel
    strength, offset = map(float, numbers)  # type: ignore[arg-type]
    scaled = kernel.scaled(strength=strength, offset=offset)
    if (levels == kernel.levels).all():
        return scaled
    return replace(scaled, levels=levels, name=f"{kernel.name or 'kernel'}, edited")


def _pixel(place: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    if not (isinstance(place, Sequence) and len(place) == 2):
        return None
    row, column = place
    return (row, column) if _is_index(row, shape[1]) and _is_index(column, shape[2]) else None


def _is_index(value: Any, size: int) -> TypeGuard[int]:
    return isinstance(value, int) and 0 <= value < size
