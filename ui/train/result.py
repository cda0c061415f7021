"""What becomes of two networks that have learned: the session's own, files, recipes."""

from __future__ import annotations

from shlex import quote

import streamlit as st

from design_core.browser.page import live_page
from design_core.engine import pack
from design_core.engine.files import packed_bytes
from design_core.extras import missing_extra
from design_core.jobs.pictures import PART
from design_core.zoo.entry import Entry
from design_core.zoo.uploaded import read_own, with_answers
from ui.text import plain
from ui.train.jobs import Contest, Download, forget
from ui.upload_bounds import hold
from ui.uploaded_networks import keep_own

__all__ = ["keep_made", "show_result"]


def keep_made(running: Contest) -> None:
    """Make the networks that were handed over last the session's own."""
    made = running.job.made[-1]
    running.taken = len(running.job.made)
    data = running.data
    for side, name in enumerate(running.names):
        file = made.files[side]
        entry = read_own(file, name=f"{data.name} {name} step {made.done}.safetensors")
        measured = with_answers(
            entry, data.name, made.predicted[side], made.true, **made.measured[side]
        )
        running.kept.append(measured)
        try:
            keep_own(hold(measured, len(file)))
        except ValueError as error:
            running.problem = f"{error} Both can be downloaded here all the same."


def show_result(running: Contest) -> None:
    """Where the networks are now, their files, and how to train them again."""
    if running.problem:
        st.warning(plain(running.problem), icon=":material/warning:")
    entries = running.kept[-2:] if running.job.made else []
    if entries and not running.problem:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Both networks are yours in this session:")
            for title in ("Predict", "Compare", "Live"):
                st.page_link(f"pages/{title.lower()}.py", label=title)
    if entries:
        if not running.files:
            with st.spinner("Preparing the files …"):
                running.files = [*map(_files, entries), _page(entries)]
        columns = st.columns(2)
        for column, name, files in zip(columns, running.names, running.files[:2], strict=True):
            with column, st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(name)}**", width="content")
                _buttons(files)
        with st.container(horizontal=True):
            _buttons(running.files[2])
    with st.expander("Train them again"):
        _recipes(running)
    st.button("New training", icon=":material/replay:", key="train_new", on_click=forget)


def _files(entry: Entry) -> list[Download]:
    """Of one network."""
    stem = entry.card.name.partition(":")[2].partition("~")[0]
    form, model = entry.pictures, entry.checkpoint.model
    files = [
        Download(
            "Checkpoint",
            f"{stem}.safetensors",
            entry.file.data,
            "For this app and the library: binary weights one bit each.",
        )
    ]
    try:
        packed = packed_bytes(pack(model, form.shape, pictures=form))
    except ValueError as error:
        return [*files, Download("Packed", "", b"", str(error))]
    files.append(
        Download(
            "Packed",
            f"{stem}-packed.safetensors",
            packed,
            "For the 1-bit engine: load_packed(FILE) needs NumPy alone.",
        )
    )
    try:
        from design_core.engine.onnx_export import onnx_bytes
    except ModuleNotFoundError as error:
        return [*files, Download("ONNX", "", b"", missing_extra(error))]
    told = "For other programs. Its metadata say how pictures are fed, and name the classes."
    made = onnx_bytes(model, form.shape, pictures=form)
    return [*files, Download("ONNX", f"{stem}.onnx", made, told)]


def _page(entries: list[Entry]) -> list[Download]:
    """Both in one HTML file."""
    try:
        made = live_page(entries)
    except ValueError as error:
        return [Download("Both as one HTML file", "", b"", str(error))]
    told = "Opens in any browser, without a server: both networks run in the page, as on Live."
    return [Download("Both as one HTML file", "networks.html", made, told)]


def _buttons(files: list[Download]) -> None:
    for file in files:
        st.download_button(
            file.label,
            file.data,
            file.name or None,
            key=f"train_{file.label}_{file.name}",
            on_click="ignore",
            help=plain(file.told),
            disabled=not file.data,
        )


def _recipes(running: Contest) -> None:
    """A recipe for each network, and the command that trains it."""
    if running.data.name.endswith(PART):
        st.caption("The commands train on the whole data set; here it was a part.")
    for side, (recipe, name) in enumerate(zip(running.recipes, running.names, strict=True)):
        st.markdown(f"**{plain(name)}**")
        file = f"contest-{side + 1}.toml"
        st.code(
            f"design train {file} --data {quote(running.source)} --seed {running.seed} "
            f"--out runs/contest-{side + 1}",
            language="sh",
        )
        st.code(recipe.to_toml(), language="toml")
        st.download_button(
            "Recipe", recipe.to_toml(), file, key=f"train_recipe_{side}", on_click="ignore"
        )
