"""What the networks learn from: digits, textures, a ZIP file, a data set on this machine."""

from __future__ import annotations

import streamlit as st

from design_core.jobs.pictures import part_of_set
from design_core.paths import DATA
from design_core.pictures.dataset_cards import DATASETS
from design_core.pictures.datasets import class_folder_sets, split_classes
from design_core.training.class_zip import (
    LEAST_EACH,
    MOST_CLASSES,
    MOST_PICTURES,
    ClassZipError,
    read_class_zip,
)
from design_core.training.data import TrainingData, load_data, split_classes_evenly, textures
from design_core.zoo.naming import data_set_name
from ui.text import plain
from ui.train import keys
from ui.train.address import DIGITS, SOURCES, TEXTURES, UPLOAD
from ui.upload_bounds import FullError, hold

__all__ = ["choose_pictures", "embedded"]

_ZIP = "train_zip_read"
_MOST_MEGABYTES = 48


def choose_pictures() -> tuple[TrainingData, str] | None:
    """Draw the controls; the pictures and what the command line calls them, None without any."""
    source = st.selectbox(
        "Pictures",
        SOURCES,
        key=keys.SOURCE,
        persist_state="session",
        help="Digits are scikit-learn's, 8×8 pixels. Grass or gravel are pieces of two of the "
        "embedded photos. A ZIP file holds a folder of pictures for each class.",
    )
    if (found := embedded(source)) is not None:
        return found, "digits" if source == DIGITS else "textures"
    return _uploaded() if source == UPLOAD else _of_machine()


def embedded(source: str) -> TrainingData | None:
    """The pictures of a source that come along; None for the others."""
    if source == DIGITS:
        return _digits()
    return _textures() if source == TEXTURES else None


@st.cache_resource(show_spinner=False)
def _digits() -> TrainingData:
    return load_data("digits")


@st.cache_resource(show_spinner=False)
def _textures() -> TrainingData:
    return textures()


@st.cache_resource(max_entries=4, show_spinner="Reading pictures …")
def _part(name: str) -> TrainingData:
    return part_of_set(name)


def _of_machine() -> tuple[TrainingData, str] | None:
    stored = [name for name, card in DATASETS.items() if card.folder]
    known = [name for name in stored if split_classes(name, split="train")]
    folders = [
        f"folder:{name}" for name, one in class_folder_sets().items() if one.endswith("-test")
    ]
    if not (offered := [*known, *folders]):
        st.info(
            f"There is no data set in the folder {DATA.name}/ of this machine. Explore downloads "
            "some on a click.",
            icon=":material/folder_off:",
        )
        return None
    name = st.selectbox(
        "Data set", offered, format_func=data_set_name, key="train_set", persist_state="session"
    )
    try:
        data = _part(str(name))
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    st.caption(f"{len(data.train_x):,} of its pictures, spread evenly: enough to watch.")
    return data, str(name)


def _uploaded() -> tuple[TrainingData, str] | None:
    upload = st.file_uploader(
        "ZIP file of class folders",
        type="zip",
        key="train_zip",
        max_upload_size=_MOST_MEGABYTES,
        help=f"`cats/1.jpg`, `cats/2.jpg`, `dogs/1.jpg`, …: two classes or more, up to "
        f"{MOST_CLASSES}; {LEAST_EACH} pictures of each at least, {MOST_PICTURES:,} in all. The "
        "folder that a picture lies in is its class. Pictures are cropped to squares of 32×32; a "
        "fifth is kept for testing. Nothing is stored: they live in this session.",
    )
    if upload is None:
        st.session_state.pop(_ZIP, None)
        return None
    read: tuple[str, TrainingData | None, tuple[str, ...]] | None = st.session_state.get(_ZIP)
    if read is None or read[0] != upload.file_id:
        read = (upload.file_id, *_read(upload.getvalue(), upload.name))
        st.session_state[_ZIP] = read
    _, data, told = read
    for sentence in told:
        show = st.warning if data else st.error
        show(plain(sentence), icon=":material/warning:" if data else ":material/error:")
    return None if data is None else (data, f"zip:{upload.name}")


def _read(data: bytes, name: str) -> tuple[TrainingData | None, tuple[str, ...]]:
    """What a ZIP file holds, and every problem with it."""
    bar = st.progress(0.0, "Reading pictures")
    try:
        pictures = read_class_zip(
            data, name, report=lambda share: bar.progress(share, "Reading pictures")
        )
        hold(pictures, pictures.x.nbytes)
        made = split_classes_evenly(pictures)
    except ClassZipError as error:
        return None, tuple(error.problems)
    except FullError as error:
        return None, (str(error),)
    finally:
        bar.empty()
    return hold(made, pictures.x.nbytes), pictures.left_out
