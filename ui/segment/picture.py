"""The picture of Segment: a test picture with its truth, a sample, or an upload."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from design_core.paths import DATA
from design_core.pictures import Picture
from design_core.pictures.picture_set import DatasetError
from design_core.pictures.samples import SAMPLES, sample, sample_names
from design_core.segmentation.camvid import Scenes, is_at_hand, open_scenes
from ui.rail import keys as rail_keys
from ui.rail.controls import uploaded_picture
from ui.rail.fields import upload_code
from ui.segment import keys
from ui.text import plain

__all__ = ["FIRST_SAMPLE", "MOST_SCENES", "SCENE", "TEST", "WAYS", "Shown", "choose", "first_code"]

TEST = "CamVid"
WAYS = (TEST, "Sample", "Upload")
FIRST_SAMPLE = sample_names("photos")[0]
#: How a link names a test picture; its number follows.
SCENE = "scene-"
MOST_SCENES = 10_000


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture, what people call it, and its true classes (H, W) where they are known."""

    picture: Picture
    title: str
    code: str
    truth: NDArray[np.int8] | None = None


def first_code() -> str:
    """What stands in a link for the picture that the page opens with."""
    return f"{SCENE}0" if is_at_hand(DATA) else FIRST_SAMPLE


def choose() -> Shown:
    """Draw the controls and return what they say; until there is a picture, the last one."""
    ways = WAYS if is_at_hand(DATA) else WAYS[1:]
    way = st.segmented_control(
        "Picture",
        ways,
        default=ways[0],
        required=True,
        key=keys.WAY,
        persist_state="session",
        width="stretch",
    )
    found = _scene() if way == TEST else _upload() if way == "Upload" else _sample()
    if found:
        st.session_state[keys.CHOSEN] = found
        st.session_state[keys.CODE] = found.code
    kept: Shown | None = st.session_state.get(keys.CHOSEN)
    return kept or _of_sample(FIRST_SAMPLE)


@st.cache_resource(max_entries=1, show_spinner=False)
def _scenes() -> Scenes:
    return open_scenes(DATA)


def _scene() -> Shown | None:
    try:
        scenes = _scenes()
        most = len(scenes) - 1
        if st.session_state.get(keys.SCENE, 0) > most:
            st.session_state[keys.SCENE] = most
        number = int(
            st.number_input(
                f"Test picture, 0 to {most}", 0, most, 0, key=keys.SCENE, persist_state="session"
            )
        )
        title = f"CamVid's test picture {number}"
        return Shown(scenes.picture(number), title, f"{SCENE}{number}", scenes.truth(number))
    except (DatasetError, ValueError) as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return None


def _sample() -> Shown:
    names = [*sample_names("photos"), *sample_names("patterns")]
    return _of_sample(
        st.selectbox(
            "Sample",
            names,
            format_func=lambda name: SAMPLES[name].title,
            key=keys.SAMPLE,
            persist_state="session",
            label_visibility="collapsed",
        )
    )


def _of_sample(name: str) -> Shown:
    return Shown(sample(name), SAMPLES[name].title, name)


def _upload() -> Shown | None:
    picture = uploaded_picture()
    if picture is None:
        return None
    st.session_state[rail_keys.PICTURE_WANTED] = ""
    return Shown(picture, picture.name, upload_code(picture))
