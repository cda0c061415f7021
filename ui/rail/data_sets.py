"""Pick an item of a data set; a download happens only on the user's click."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from design_core.paths import DATA
from design_core.pictures import Picture, PictureError
from design_core.pictures.dataset_cards import DATASETS
from design_core.pictures.datasets import class_folder_sets, is_at_hand, open_set
from design_core.pictures.download import download_dataset
from design_core.pictures.picture_set import DatasetError, PictureSet
from design_core.zoo.naming import data_set_heading
from ui.text import plain

__all__ = ["PARTED", "Item", "choose_item", "item_entries"]

# How keys begin that there are several of: for each set, and for each class of it.
_CLASS, _ITEM = "class-", "item-"
PARTED = (_CLASS, _ITEM)

_ALL_CLASSES = -1
_SPLIT = "test"  # the one that is offered


@dataclass(frozen=True)
class Item:
    """A picture of a data set.

    Parameters
    ----------
    set_name, index
        Where it is found again.
    label
        Its class.
    """

    picture: Picture
    set_name: str
    index: int
    label: str


def item_entries(set_name: str, index: int) -> dict[str, object]:
    """What the controls hold where they show the picture at an index of a set.

    Raises
    ------
    ValueError
        No set of that name is offered here.
    """
    name = next((name for name, one in _offered().items() if one == set_name), None)
    if name is None:
        raise ValueError(f"there is no data set {set_name[:40]!r} here")
    return {
        "data_set": name,
        f"{_CLASS}{set_name}": _ALL_CLASSES,
        f"{_ITEM}{set_name}-{_ALL_CLASSES}": index,
    }


def choose_item() -> Item | None:
    """Controls for data set, class and item; None until there is an item to show."""
    offered = _offered()
    name = st.selectbox(
        "Data set",
        list(offered),
        format_func=lambda key: data_set_heading(key) if key in DATASETS else f"{key} (folder)",
        key="data_set",
        persist_state="session",
        label_visibility="collapsed",
        help=f"Data sets live in the folder {DATA.name}/ beside the app. Any folder there is "
        "offered too that holds one folder of pictures per class, or such folders in train/ and "
        "test/; of the latter the test pictures are shown.",
    )
    try:
        return _item(_opened(offered[name]))
    except (DatasetError, PictureError) as error:
        card = DATASETS.get(name)
        if card and card.archives and not is_at_hand(name, DATA):
            _offer_download(name)
        else:
            st.error(plain(str(error)), icon=":material/error:")
        return None


@st.cache_resource(max_entries=4, ttl=300, show_spinner="Reading the data set …")
def _opened(set_name: str) -> PictureSet:
    """Read anew after a while: pictures may be added to a folder at any time."""
    return open_set(set_name, DATA)


def _offered() -> dict[str, str]:
    """Data sets and folders by name, and the set of each that is shown."""
    return {name: f"{name}-{_SPLIT}" for name in DATASETS} | class_folder_sets(DATA)


def _item(pictures: PictureSet) -> Item:
    left, right = st.columns([3, 2])
    label = left.selectbox(
        "Class",
        [_ALL_CLASSES, *range(len(pictures.class_names))],
        format_func=lambda one: "all classes" if one == _ALL_CLASSES else pictures.class_names[one],
        key=f"{_CLASS}{pictures.name}",
        persist_state="session",
    )
    indices = (
        np.arange(len(pictures))
        if label == _ALL_CLASSES
        else np.flatnonzero(pictures.labels == label)
    )
    key, last = f"{_ITEM}{pictures.name}-{label}", len(indices) - 1
    if st.session_state.get(key, 0) > last:  # from a link, made where the set has more
        st.session_state[key] = last
    place = right.number_input("Item", 0, last, 0, key=key, persist_state="session")
    index = int(indices[place])
    name = pictures.class_names[pictures.label(index)]
    return Item(pictures.picture(index), pictures.name, index, name)


def _offer_download(name: str) -> None:
    card = DATASETS[name]
    st.caption(f"{card.title} is not on this machine. The download has {card.megabytes} MB.")
    if not st.button(f"Download {card.title}", icon=":material/download:", width="stretch"):
        return
    # Any other interaction reruns the page, which stops the download and removes what it left.
    st.button("Cancel", width="stretch")
    bar = st.progress(0.0, "Starting")

    def report(fraction: float | None, message: str) -> None:
        bar.progress(fraction or 0.0, message)

    try:
        download_dataset(name, DATA, progress=report)
    except DatasetError as error:
        bar.empty()
        st.error(plain(str(error)), icon=":material/cloud_off:")
    else:
        st.rerun()
