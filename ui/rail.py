"""The left rail: which picture, which feature maps, which kernel."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from design_core.feature_maps import SOURCES
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.pictures import Picture, PictureError
from design_core.samples import SAMPLES, sample
from design_core.scaling import SCALE_NAMES
from ui.compute import Scene, decoded, fitted_scale, maps_of
from ui.data_sets import choose_item
from ui.figures import kernel_figure

__all__ = ["Bench", "rail"]

_SIZES = (32, 64, 96, 128, 192, 256, 384, 512)
_SCALES = ("published", "lloyd-max", "matlab", "data")
_UPLOAD_TYPES = ["png", "jpg", "jpeg", "webp", "gif", "tif", "tiff", "bmp"]


@dataclass(frozen=True)
class Bench:
    """Everything that the rail settles."""

    scene: Scene
    kernel: ThresholdKernel
    map_index: int


def rail() -> Bench:
    """Draw the controls and return what they say."""
    with st.sidebar:
        picture = _picture()
        scene = _scene(picture)
        map_index = _map_index(scene)
        st.divider()
        kernel = _kernel()
        drawing = st.empty()  # above the sliders, but it shows what they make of the kernel
        kernel = _scaled(kernel, scene)
        drawing.html(kernel_figure(kernel, across=248))
    return Bench(scene, kernel, map_index)


def _picture() -> Picture:
    way = st.segmented_control(
        "Picture",
        ["Sample", "Upload", "Data set"],
        default="Sample",
        required=True,
        key="picture_way",
        persist_state="session",
        width="stretch",
    )
    if way == "Upload":
        chosen = _upload()
    elif way == "Data set":
        chosen = choose_item()
    else:
        chosen = None
        name = st.selectbox(
            "Sample",
            list(SAMPLES),
            index=list(SAMPLES).index("chelsea"),
            format_func=lambda key: SAMPLES[key].title,
            key="sample",
            persist_state="session",
            label_visibility="collapsed",
        )
        st.session_state["last_sample"] = name
    # Until there is an upload or an item, the last sample stays in view: nothing goes blank.
    return chosen or sample(st.session_state.get("last_sample", "chelsea"))


def _upload() -> Picture | None:
    upload = st.file_uploader(
        "Upload a picture", type=_UPLOAD_TYPES, key="upload", label_visibility="collapsed"
    )
    if upload is None:
        return None
    try:
        return decoded(upload.getvalue(), upload.name)
    except PictureError as error:
        st.error(str(error), icon=":material/broken_image:")
        return None


def _scene(picture: Picture) -> Scene:
    longest = st.select_slider(
        "Longest side",
        _SIZES,
        value=192,
        format_func=lambda side: f"{side} px",
        key="longest",
        persist_state="session",
        help="The picture is reduced to this before it is cut; it is never enlarged.",
    )
    source = st.selectbox(
        "Feature map",
        list(SOURCES),
        format_func=lambda key: SOURCES[key][0],
        key="source",
        persist_state="session",
        help="What is cut. " + " ".join(help_text for _, help_text in SOURCES.values()),
    )
    maps, seed = 16, 0
    if source == "random-conv":
        left, right = st.columns(2)
        maps = left.number_input("Maps", 1, 64, 16, key="maps", persist_state="session")
        seed = right.number_input("Seed", 0, 9999, 0, key="seed", persist_state="session")
    return Scene(picture, longest, source, int(maps), int(seed))


def _map_index(scene: Scene) -> int:
    names = maps_of(scene).names
    if len(names) == 1:
        return 0
    chosen = st.select_slider(
        "Map",
        range(len(names)),
        format_func=lambda index: names[index],
        key=f"map-{scene.source}-{len(names)}",
        persist_state="session",
        help="Which of the feature maps is shown large.",
    )
    return int(chosen)


def _kernel() -> ThresholdKernel:
    way = st.segmented_control(
        "Threshold kernel",
        ["Published", "Pattern", "Edit"],
        default="Published",
        required=True,
        key="kernel_way",
        persist_state="session",
        width="stretch",
        help="A small pattern of thresholds, repeated over the map: "
        "T[c mod s, i mod d₁, j mod d₂].",
    )
    if way == "Published":
        kernel = PUBLISHED[_published_name()]
    elif way == "Pattern":
        kernel = _pattern()
    else:
        kernel = _edited(st.session_state.get("base_kernel", PUBLISHED["2x2-v2"]))
    if way != "Edit":
        st.session_state["base_kernel"] = kernel
    return kernel


def _published_name() -> str:
    return st.selectbox(
        "Published kernel",
        list(PUBLISHED),
        index=list(PUBLISHED).index("2x2-v2"),
        key="published",
        persist_state="session",
        label_visibility="collapsed",
    )


def _pattern() -> ThresholdKernel:
    left, right = st.columns([3, 2])
    name = left.selectbox(
        "Pattern",
        list(PATTERNS),
        format_func=lambda key: PATTERNS[key].title,
        key="pattern",
        persist_state="session",
        label_visibility="collapsed",
    )
    pattern = PATTERNS[name]
    size = right.selectbox(
        "Kernel size",
        pattern.sizes,
        index=pattern.sizes.index(pattern.default),
        format_func=lambda side: f"{side} × {side}",
        key=f"size-{name}",
        persist_state="session",
        label_visibility="collapsed",
    )
    return pattern(size)


def _edited(base: ThresholdKernel) -> ThresholdKernel:
    """Level tables, one per slice. The base never takes up the edits: the editor keeps them."""
    planes = []
    for index, plane in enumerate(base.levels):
        if base.shape[0] > 1:
            st.caption(f"Slice {index}")
        columns = [str(column) for column in range(plane.shape[1])]
        edited = st.data_editor(
            pd.DataFrame(plane, columns=columns),
            hide_index=True,
            key=f"levels-{base}-{index}",
            column_config={
                column: st.column_config.SelectboxColumn(
                    column, options=list(base.level_set), required=True, width="small"
                )
                for column in columns
            },
            alt=f"Levels of slice {index}, rows and columns as in the map",
        )
        planes.append(edited.to_numpy())
    st.caption(f"Levels of {base.name or 'the kernel'}: click a cell, pick another level.")
    return ThresholdKernel(planes, base.level_set, base.scale, f"{base.name}, edited")


def _scaled(kernel: ThresholdKernel, scene: Scene) -> ThresholdKernel:
    name = st.selectbox(
        "Scaling",
        _SCALES,
        key="scaling",
        persist_state="session",
        help="How levels become thresholds on a batch-norm output. "
        + " ".join(f"{scale}: {SCALE_NAMES[scale]}" for scale in _SCALES),
    )
    strength = st.slider(
        "Strength",
        -2.0,
        2.0,
        1.0,
        0.05,
        key="strength",
        persist_state="session",
        help="Factor on every threshold: 0 is plain Sign, 1 the design as it stands.",
    )
    offset = st.slider(
        "Offset",
        -2.0,
        2.0,
        0.0,
        0.05,
        key="offset",
        persist_state="session",
        help="Added to every threshold, as batch norm's β would subtract it from x.",
    )
    try:
        if name == "data":
            kernel = kernel.with_scale(fitted_scale(scene, kernel.level_set))
        else:
            kernel = kernel.scaled(name)
    except ValueError as error:
        st.warning(f"{error} Shown with lloyd-max.", icon=":material/info:")
        kernel = kernel.scaled("lloyd-max")
    return kernel.scaled(strength=strength, offset=offset)
