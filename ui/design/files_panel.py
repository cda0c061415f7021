"""Kernels from files, to files, and as code."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.files import (
    FORMATS,
    READABLE,
    KernelFileError,
    kernel_parts,
    read_kernel,
    write_kernel,
)
from design_core.kernels.python_code import python_code
from design_core.output.drawing import kernel_svg
from ui.design.desk import Desk
from ui.text import plain

__all__ = ["files_panel"]


def files_panel(desk: Desk) -> None:
    """Import, export and the Python code."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        upload = st.file_uploader(
            "Import a kernel",
            key="kernel_file",
            max_upload_size=10,
            on_change=_open,
            args=(desk,),
            help=f"A file that ends in {', '.join(READABLE)}: JSON (also didder's, or a list of "
            "rows), an array of NumPy or MATLAB, a table of numbers with slices by blank lines, "
            "text as one writes it, ImageMagick's thresholds.xml.",
        )
        parts = st.session_state.get("import_parts", ())
        if upload and parts:
            st.selectbox(
                f"Which of its {len(parts)} kernels",
                parts,
                index=None,
                placeholder="Choose …",
                key="import_part",
                on_change=_import,
                args=(desk,),
            )
        error = st.session_state.get("import_error")
        if error:
            st.error(plain(error), icon=":material/error:")
        _export(desk)
    with right:
        st.markdown("**As Python**")
        st.code(python_code(desk.kernel), language="python", height=330)


def _open(desk: Desk) -> None:
    """Take in another file."""
    st.session_state["import_part"] = None  # what was chosen in the file before
    _import(desk)


def _import(desk: Desk) -> None:
    """Take the kernel of the file; of several, the one that was chosen."""
    session = st.session_state
    session["import_error"], session["import_parts"] = "", ()
    upload = session["kernel_file"]
    if upload is None:
        return
    data, name = upload.getvalue(), upload.name
    try:
        session["import_parts"] = parts = kernel_parts(data, name=name)
        part = session.get("import_part") if parts else ""
        if part is not None:
            desk.take(read_kernel(data, name=name, part=part))
    except KernelFileError as error:
        session["import_error"] = str(error)


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
        st.info(plain(str(error)), icon=":material/info:")
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
