"""The left rail: which picture, which feature maps, which kernel."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import rescaled
from design_core.output.batch import Settings
from design_core.pictures import MAX_BYTES, Picture, PictureError
from design_core.pictures.feature_maps import MAX_MAPS, SOURCES
from design_core.pictures.samples import SAMPLES, sample
from design_core.scaling import SCALE_NAMES
from ui.compute import Scene, decoded, fitted_scale
from ui.rail import keys
from ui.rail.data_sets import choose_item
from ui.rail.fields import (
    FIRST_KERNEL,
    FIRST_MAPS,
    FIRST_SAMPLE,
    FIRST_SOURCE,
    MAX_SEED,
    PATTERN_SIZE,
    SCALES,
    SIZES,
    item_code,
    upload_code,
    wanted_upload,
)
from ui.rail.kernel_choice import choose_pattern, choose_published, lost_ranks
from ui.rail.layers import LAYER, choose_layer, own_levels
from ui.text import plain

__all__ = [
    "Bench",
    "batch_rail",
    "choose_picture",
    "keep_picture",
    "picture_rail",
    "rail",
    "show_own_picture",
    "take_as_own",
    "uploaded_picture",
]


@dataclass(frozen=True)
class Bench:
    """Everything that the rail settles."""

    scene: Scene
    kernel: ThresholdKernel


def rail() -> Bench:
    """Draw the controls and return what they say."""
    with st.sidebar:
        scene = picture_rail()
        st.divider()
        return Bench(scene, _kernel(scene))


def batch_rail() -> Settings:
    """Draw the controls for feature maps and kernel, for pictures that are yet to come."""
    with st.sidebar:
        longest, source, maps, seed = _map_controls()
        st.divider()
        kernel = _kernel(None)
        is_own = st.session_state[keys.KERNEL_WAY] == "Own"
        fitted = not is_own and st.session_state[keys.SCALING] == "data"
        return Settings(kernel, fitted, longest, source, maps, seed)


def picture_rail() -> Scene:
    """Draw the controls for picture and feature maps only."""
    picture = choose_picture()
    return Scene(picture, *_map_controls())


def take_as_own(kernel: ThresholdKernel) -> None:
    """Make a kernel the one that the rail has chosen, on whatever page comes next."""
    st.session_state[keys.OWN_KERNEL] = kernel
    st.session_state[keys.KERNEL_WAY] = "Own"


def choose_picture() -> Picture:
    """Draw the control for the picture and return the one chosen."""
    way = st.segmented_control(
        "Picture",
        ["Sample", "Upload", "Data set"],
        default="Sample",
        required=True,
        key=keys.PICTURE_WAY,
        persist_state="session",
        width="stretch",
    )
    chosen: Picture | None = None
    if way == "Upload":
        chosen = uploaded_picture()
        code = upload_code(chosen) if chosen else ""
    elif way == "Data set":
        item = choose_item()
        chosen, code = (item.picture, item_code(item.set_name, item.index)) if item else (None, "")
    else:
        code = st.selectbox(
            "Sample",
            list(SAMPLES),
            index=list(SAMPLES).index(FIRST_SAMPLE),
            format_func=lambda key: SAMPLES[key].title,
            key=keys.SAMPLE,
            persist_state="session",
            label_visibility="collapsed",
        )
        chosen = sample(code)
    if chosen:
        st.session_state[keys.PICTURE], st.session_state[keys.PICTURE_CODE] = chosen, code
        st.session_state[keys.PICTURE_WANTED] = ""
    # Until there is an upload or an item, the last picture stays in view: nothing goes blank, and
    # an upload outlives its widget when the page changes.
    return st.session_state.get(keys.PICTURE) or sample(FIRST_SAMPLE)


def uploaded_picture() -> Picture | None:
    """The control for an upload; the picture that was uploaded last, None before."""
    # No ending is asked for: content says what a file is, and a message what to do with another.
    upload = st.file_uploader(
        "Upload a picture",
        key="upload",
        label_visibility="collapsed",
        max_upload_size=MAX_BYTES // 2**20,
    )
    # The uploader forgets its file where it is not drawn; one picture is kept for the way back.
    kept: Picture | None = st.session_state.get(keys.UPLOADED)
    if upload is not None:
        try:
            kept = decoded(upload.getvalue(), upload.name)
        except PictureError as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
            return None
        keep_picture(kept)
    wanted = wanted_upload(st.session_state.get(keys.PICTURE_WANTED, ""))
    if wanted and not (kept and kept.sha256.startswith(wanted[0])):
        _tell_wanted(*wanted, got_another=upload is not None)
        return kept if upload else None
    return kept


def keep_picture(picture: Picture) -> None:
    """Keep a picture as if it had been uploaded: the way back finds it again."""
    st.session_state[keys.UPLOADED] = picture


def show_own_picture(picture: Picture, *, source: str | None = None) -> None:
    """Make an upload the one that the rail has chosen, on the next page.

    Parameters
    ----------
    source
        How it is turned into feature maps; as it was if left out.
    """
    keep_picture(picture)
    st.session_state[keys.PICTURE_WANTED] = ""
    st.session_state[keys.PICTURE_WAY] = "Upload"
    if source:
        st.session_state[keys.SOURCE] = source


def _tell_wanted(digits: str, name: str, *, got_another: bool) -> None:
    picture = f"{name or 'a picture without name'}, sha256 {digits}…"
    said = (
        f"This is another picture than the link's ({picture})."
        if got_another
        else f"This link was made with an uploaded picture ({picture}). Upload it to see the same "
        "view."
    )
    st.html(f'<p class="ds-note" role="status">{escape(said)}</p>')


def _map_controls() -> tuple[int, str, int, int]:
    """Longest side, source, number of maps and seed."""
    longest = st.select_slider(
        "Longest side",
        SIZES,
        value=208,
        format_func=lambda side: f"{side} px",
        key=keys.LONGEST,
        persist_state="session",
        help="The picture is reduced to this before it is cut; it is never enlarged.",
    )
    source = st.selectbox(
        "Feature map",
        [*SOURCES, LAYER],
        index=list(SOURCES).index(FIRST_SOURCE),
        format_func=lambda key: SOURCES[key][0] if key in SOURCES else "Layer of a network",
        key=keys.SOURCE,
        persist_state="session",
        help="What is cut. "
        + " ".join(help_text for _, help_text in SOURCES.values())
        + " Or what a layer of a trained network gets.",
    )
    maps, seed = FIRST_MAPS, 0
    if source == LAYER:
        # Without PyTorch no layer is computed; the first source takes its place, as is told.
        return longest, choose_layer() or FIRST_SOURCE, MAX_MAPS, seed
    if source == "random-conv":
        left, right = st.columns(2)
        maps = left.number_input(
            "Maps", 1, MAX_MAPS, FIRST_MAPS, key=keys.MAPS, persist_state="session"
        )
        seed = right.number_input("Seed", 0, MAX_SEED, 0, key=keys.SEED, persist_state="session")
    return longest, source, int(maps), int(seed)


def _offer_own_levels(scene: Scene | None) -> None:
    """One click to the kernel that the layer's own network was trained with."""
    if scene is None or not scene.source.startswith(f"{LAYER}:"):
        return
    levels = own_levels(scene.source)
    if levels is None:
        st.caption("This network has no kernel of its own: it cuts at one threshold.")
        return
    st.button(
        "Take the network's own kernel", key="own_levels", on_click=take_as_own, args=(levels,)
    )


def _kernel(scene: Scene | None) -> ThresholdKernel:
    _offer_own_levels(scene)
    own: ThresholdKernel | None = st.session_state.get(keys.OWN_KERNEL)
    way = st.segmented_control(
        "Threshold kernel",
        ["Published", "Pattern", *(["Own"] if own else [])],
        default="Published",
        required=True,
        key=keys.KERNEL_WAY,
        persist_state="session",
        width="stretch",
        help="A small pattern of thresholds, repeated over the map: "
        "T[c mod s, i mod d₁, j mod d₂]. Click its cells beside the pictures to change levels.",
    )
    if way == "Own" and own:
        sides = " × ".join(map(str, own.shape))
        st.caption(f"{plain(own.name or 'Own kernel')}, {sides}, scale {own.scale.name}")
        st.page_link("pages/design.py", label="Change it in Design", icon=":material/edit:")
        return own
    if way == "Pattern":
        return _scaled(choose_pattern("pattern", PATTERN_SIZE), scene)
    return _scaled(choose_published("published", FIRST_KERNEL), scene)


def _scaled(kernel: ThresholdKernel, scene: Scene | None) -> ThresholdKernel:
    name = st.selectbox(
        "Scaling",
        SCALES,
        key=keys.SCALING,
        persist_state="session",
        help="How levels become thresholds on a batch-norm output. "
        + " ".join(f"{scale}: {SCALE_NAMES[scale]}" for scale in SCALES),
    )
    scaled = _under(kernel, str(name), scene)
    if lost := lost_ranks(scaled):
        st.caption(lost)
    return scaled


def _under(kernel: ThresholdKernel, name: str, scene: Scene | None) -> ThresholdKernel:
    try:
        if name == "data" and scene is None:
            return kernel  # each picture will be fitted to its own maps
        if name == "data" and scene:
            return kernel.with_scale(fitted_scale(scene, kernel.level_set))
        return rescaled(kernel, name)
    except ValueError as error:
        st.warning(f"{plain(str(error))} Shown with lloyd-max.", icon=":material/info:")
        return kernel.scaled("lloyd-max")
