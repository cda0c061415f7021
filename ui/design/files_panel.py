"""Kernels from files, to files, and as code."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.files import FORMATS, KernelFileError, read_kernel, write_kernel
from design_core.kernels.python_code import python_code
from design_core.output.drawing import kernel_svg
from ui.design.desk import Desk

__all__ = ["files_panel"]


def files_panel(desk: Desk) -> None:
    """Import, export and the Python code."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.file_uploader(
            "Import a kernel",
            type=list(FORMATS),
            key="kernel_file",
            on_change=_import,
            args=(desk,),
            help="JSON (also didder's), NumPy, MATLAB with variable kernel, CSV with slices by "
            "blank lines, ImageMagick's thresholds.xml.",
        )
        error = st.session_state.get("import_error")
        if error:
            st.error(error, icon=":material/error:")
        _export(desk)
    with right:
        st.markdown("**As Python**")
        st.code(python_code(desk.kernel), language="python", height=330)


def _import(desk: Desk) -> None:
    st.session_state["import_error"] = ""
    upload = st.session_state["kernel_file"]
    if upload is None:
        return
    try:
        desk.take(read_kernel(upload.getvalue(), name=upload.name))
    except KernelFileError as error:
        st.session_state["import_error"] = str(error)


def _export(desk: Desk) -> None:
    titles = {**{suffix: one.title for suffix, one in FORMATS.items()}, "svg": "Drawing, SVG"}
    form = st.selectbox(
        "Export as",
        list(titles),
        format_func=lambda suffix: titles[suffix],
        key="export_format",
        help="JSON keeps everything. The others keep the levels, or the thresholds of a custom "
        "scale.",
    )
    try:
        data, media = (
            (kernel_svg(desk.kernel).encode(), "image/svg+xml")
            if form == "svg"
            else (write_kernel(desk.kernel, form), FORMATS[form].media_type)
        )
    except KernelFileError as error:
        st.info(str(error), icon=":material/info:")
        return
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in desk.kernel.name) or "kernel"
    st.download_button(
        f"Download {stem}.{form}",
        data,
        file_name=f"{stem}.{form}",
        mime=media,
        key="export",
        icon=":material/download:",
        on_click="ignore",
    )
