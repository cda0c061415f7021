"""The picture of the Predict page: a sample, an item of a data set, an upload, or the camera's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from design_core.output.drawing import pixels_png
from design_core.pictures import Picture, PictureError, fit
from design_core.pictures.samples import SAMPLES, sample, sample_names
from design_core.zoo.naming import say_class
from ui.compute import decoded
from ui.networks import predictions
from ui.predict import keys
from ui.predict.tiles import Tile, tiles
from ui.rail import keys as rail_keys
from ui.rail.controls import keep_picture, uploaded_picture
from ui.rail.data_sets import choose_item
from ui.rail.fields import item_code, upload_code
from ui.text import plain

__all__ = ["FIRST_SAMPLE", "GROUPS", "WAYS", "Chosen", "choose_picture", "sample_strip"]

#: The first test picture of CIFAR-10: no better for one network than for another.
FIRST_SAMPLE = "cifar10-00"
WAYS = ("Sample", "Data set", "Upload", "Camera")
#: Groups of samples, by their name in the registry.
GROUPS = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "digits": "Digits",
    "photos": "Photos",
    "patterns": "Patterns",
}

_THUMBNAIL = 64  # side of a thumbnail, pixels


@dataclass(frozen=True)
class Chosen:
    """A picture with what is known of it.

    Parameters
    ----------
    picture
        In full size.
    title
        For people.
    alt
        What is to be seen, for those who cannot see it.
    label
        Its class by whoever labelled it, None where nobody did.
    code
        What stands for it in a link.
    """

    picture: Picture
    title: str
    alt: str
    label: str | None = None
    code: str = ""


def choose_picture() -> Chosen:
    """Draw the controls and return what they say; until there is a picture, the last one."""
    way = st.segmented_control(
        "Picture",
        WAYS,
        default=WAYS[0],
        required=True,
        key=keys.WAY,
        persist_state="session",
        width="stretch",
    )
    found: Chosen | None
    if way == "Data set":
        found = _item()
    elif way == "Upload":
        found = _upload()
    elif way == "Camera":
        found = _shot()
    else:
        st.selectbox(
            "Samples",
            list(GROUPS),
            format_func=GROUPS.__getitem__,
            key=keys.GROUP,
            persist_state="session",
            label_visibility="collapsed",
            on_change=_first_of_group,
        )
        found = _sample(st.session_state.get(keys.SAMPLE, FIRST_SAMPLE))
    if found:
        st.session_state[keys.CHOSEN] = found
        st.session_state[keys.CODE] = found.code
    return st.session_state.get(keys.CHOSEN) or _sample(FIRST_SAMPLE)


def sample_strip(place: DeltaGenerator, references: Sequence[str]) -> None:
    """The samples of the chosen group as pictures, if samples are what is looked at.

    A dot marks those that get different answers.
    """
    if st.session_state.get(keys.WAY, WAYS[0]) != WAYS[0]:
        return
    names = sample_names(st.session_state.get(keys.GROUP, next(iter(GROUPS))))
    chosen = st.session_state.get(keys.SAMPLE, FIRST_SAMPLE)
    parting = {name for name in names if _parts(sample(name), references)}

    def pick(index: int) -> None:
        st.session_state[keys.SAMPLE] = names[index]

    with place:
        tiles(
            [_tile(name, name in parting) for name in names],
            label="Sample picture",
            selected=names.index(chosen) if chosen in names else None,
            on_pick=pick,
            key="predict_strip",
        )
        st.html(
            f'<p class="ds-note">{_parting_words(len(parting), len(names), len(references))}</p>'
        )


def _parting_words(parting: int, pictures: int, networks: int) -> str:
    """A line in every case, so that what stands beneath stays where it is; as HTML."""
    if networks < 2:
        return "A second network shows on which pictures the answers differ."
    if not parting:
        return f"All {pictures} pictures get the same answers."
    return f'<span class="ds-dot"></span>{parting} of {pictures} pictures get different answers'


def _sample(name: str) -> Chosen:
    about = SAMPLES.get(name) or SAMPLES[FIRST_SAMPLE]
    return Chosen(sample(about.name), about.title, about.alt, about.label, about.name)


def _first_of_group() -> None:
    st.session_state[keys.SAMPLE] = sample_names(st.session_state[keys.GROUP])[0]


def _item() -> Chosen | None:
    found = choose_item()
    if found is None:
        return None
    told = f"Picture {found.index} of {found.set_name}, labelled {say_class(found.label)}."
    title = f"{found.set_name} picture {found.index}"
    code = item_code(found.set_name, found.index)
    return Chosen(found.picture, title, told, found.label, code)


def _upload() -> Chosen | None:
    picture = uploaded_picture()
    if picture is None:
        return None
    st.session_state[rail_keys.PICTURE_WANTED] = ""
    told = f"Your picture {picture.name}."
    return Chosen(picture, picture.name, told, code=upload_code(picture))


def _shot() -> Chosen | None:
    shot = st.camera_input("Take a picture", key="predict_camera", label_visibility="collapsed")
    if shot is None:
        return None
    try:
        picture = decoded(shot.getvalue(), "camera")
    except PictureError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return None
    keep_picture(picture)
    told = "The picture that your camera took."
    return Chosen(picture, "Your camera", told, code=upload_code(picture))


def _parts(picture: Picture, references: Sequence[str]) -> bool:
    answers = predictions(picture, references).values()
    return len({next(iter(answer.probabilities)) for answer in answers}) > 1


def _tile(name: str, parting: bool) -> Tile:
    about, png, size = SAMPLES[name], *_thumbnail(name)
    told = f"{about.title}. {about.alt}"
    if parting:
        told += " The chosen networks disagree on it."
    return Tile(told, (png,), size, marked=parting)


@st.cache_resource(max_entries=128, show_spinner=False)
def _thumbnail(name: str) -> tuple[bytes, tuple[int, int]]:
    small = fit(sample(name), _THUMBNAIL)
    pixels = (small.rgb().transpose(1, 2, 0) * 255).round().astype("uint8")
    return pixels_png(pixels), (small.height, small.width)
