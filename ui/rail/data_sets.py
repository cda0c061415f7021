"""Pick an item of a data set; a download happens only on the user's click."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from design_core.paths import DATA
from design_core.pictures import Picture, PictureError, is_clutter
from design_core.pictures.datasets import (
    DATASETS,
    DatasetError,
    PictureSet,
    download_dataset,
    open_dataset,
    open_folder,
)

__all__ = ["Item", "choose_item", "item_entries"]

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
    name = set_name.removesuffix(f"-{_SPLIT}")
    is_known = name in DATASETS and name != set_name
    if not is_known and set_name not in _class_folders():
        raise ValueError(f"there is no data set {set_name[:40]!r} here")
    return {
        "data_set": name if is_known else set_name,
        f"class-{set_name}": _ALL_CLASSES,
        f"item-{set_name}-{_ALL_CLASSES}": index,
    }


def choose_item() -> Item | None:
    """Controls for data set, class and item; None until there is an item to show."""
    folders = _class_folders()
    name = st.selectbox(
        "Data set",
        [*DATASETS, *folders],
        format_func=lambda key: DATASETS[key].title if key in DATASETS else f"{key} (folder)",
        key="data_set",
        persist_state="session",
        label_visibility="collapsed",
        help=f"Data sets live in the folder {DATA.name}/ beside the app; any folder there that "
        "holds one folder of pictures per class is offered too.",
    )
    try:
        pictures = _opened(name) if name in DATASETS else open_folder(folders[name])
        return _item(pictures)
    except (DatasetError, PictureError) as error:
        if name in DATASETS and not (DATA / DATASETS[name].folder).exists():
            _offer_download(name)
        else:
            st.error(str(error), icon=":material/error:")
        return None


@st.cache_resource(max_entries=4, show_spinner="Reading the data set …")
def _opened(name: str) -> PictureSet:
    return open_dataset(name, DATA, split=_SPLIT)


def _class_folders() -> dict[str, Path]:
    """Folders in the data folder that are no known data set, by name."""
    known = {card.folder for card in DATASETS.values()}
    if not DATA.is_dir():
        return {}
    found = (path for path in sorted(DATA.iterdir()) if path.is_dir() and path.name not in known)
    return {path.name: path for path in found if not is_clutter(path.name)}


def _item(pictures: PictureSet) -> Item:
    left, right = st.columns([3, 2])
    label = left.selectbox(
        "Class",
        [_ALL_CLASSES, *range(len(pictures.class_names))],
        format_func=lambda one: "all classes" if one == _ALL_CLASSES else pictures.class_names[one],
        key=f"class-{pictures.name}",
        persist_state="session",
    )
    indices = (
        np.arange(len(pictures))
        if label == _ALL_CLASSES
        else np.flatnonzero(pictures.labels == label)
    )
    key, last = f"item-{pictures.name}-{label}", len(indices) - 1
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
        st.error(str(error), icon=":material/cloud_off:")
    else:
        st.rerun()
