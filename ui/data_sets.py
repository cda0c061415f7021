"""Pick an item of a data set; a download happens only on the user's click."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from design_core.datasets import (
    DATASETS,
    DatasetError,
    PictureSet,
    download_dataset,
    open_dataset,
    open_folder,
)
from design_core.paths import DATA
from design_core.pictures import Picture, PictureError

__all__ = ["choose_item"]


def choose_item() -> Picture | None:
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
    return open_dataset(name, DATA)


def _class_folders() -> dict[str, Path]:
    """Folders in the data folder that are no known data set, by name."""
    known = {card.folder for card in DATASETS.values()}
    if not DATA.is_dir():
        return {}
    found = (path for path in sorted(DATA.iterdir()) if path.is_dir() and path.name not in known)
    return {path.name: path for path in found if not path.name.startswith(".")}


def _item(pictures: PictureSet) -> Picture:
    left, right = st.columns([3, 2])
    label = left.selectbox(
        "Class",
        [None, *range(len(pictures.class_names))],
        format_func=lambda one: "all classes" if one is None else pictures.class_names[one],
        key=f"class-{pictures.name}",
        persist_state="session",
    )
    indices = (
        np.arange(len(pictures)) if label is None else np.flatnonzero(pictures.labels == label)
    )
    place = right.number_input(
        "Item", 0, len(indices) - 1, 0, key=f"item-{pictures.name}-{label}", persist_state="session"
    )
    return pictures.picture(int(indices[place]))


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
