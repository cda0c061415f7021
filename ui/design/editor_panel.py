"""The kernel, large, with all that changes it."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.kernel import MAX_NAME, ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from ui.design.desk import MAX_SNAPSHOTS, TRANSFORMS, Desk, resized
from ui.design.kernel_editor import Edit, kernel_editor
from ui.rail.fields import levels_name
from ui.text import plain

__all__ = ["editor_panel"]

_LARGEST = 8  # rows, columns and slices to design by hand; what is imported may be larger


def editor_panel(desk: Desk) -> None:
    """Toolbar, cells and size."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.button(
            "",
            icon=":material/undo:",
            help="Undo (Ctrl+Z in the kernel)",
            key="undo",
            disabled=not desk.past,
            on_click=desk.undo,
        )
        st.button(
            "",
            icon=":material/redo:",
            help="Redo (Ctrl+Y in the kernel)",
            key="redo",
            disabled=not desk.future,
            on_click=desk.redo,
        )
        with st.popover("Start from"):
            _presets(desk)
        st.menu_button(
            "Transform", list(TRANSFORMS), key="transform", on_click=_transform, args=(desk,)
        )
        with st.popover("Snapshots"):
            _snapshots(desk)
    kernel_editor(
        desk.kernel,
        answered=desk.answered,
        on_edit=lambda edit: _edited(desk, edit),
        key="kernel_editor",
    )
    _size(desk)


def _edited(desk: Desk, edit: Edit) -> None:
    desk.answered = edit.number
    desk.change(edit.kernel)
    if edit.kind == "undo":
        desk.undo()
    elif edit.kind == "redo":
        desk.redo()


def _transform(desk: Desk) -> None:
    name = st.session_state["transform"]
    if name in TRANSFORMS:
        desk.change(TRANSFORMS[name](desk.kernel))


def _presets(desk: Desk) -> None:
    st.selectbox(
        "Published kernel",
        list(PUBLISHED),
        index=None,
        placeholder="Choose …",
        key="preset_published",
        on_change=_take_published,
        args=(desk,),
    )
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox(
        "Pattern",
        list(PATTERNS),
        format_func=lambda key: PATTERNS[key].title,
        key="preset_pattern",
        help=" ".join(f"{pattern.title}: {pattern.help}" for pattern in PATTERNS.values()),
    )
    pattern = PATTERNS[name]
    sizes = [size for size in pattern.sizes if size <= 2 * _LARGEST]
    size = right.selectbox(
        "Size",
        sizes,
        index=sizes.index(pattern.default),
        format_func=lambda side: f"{side} × {side}",
        key=f"preset_size_{name}",
    )
    st.button(
        "Take the pattern",
        key="take_pattern",
        width="stretch",
        on_click=lambda: desk.take(pattern(size)),
    )
    st.text_input(
        "Levels",
        key="preset_text",
        placeholder="1 1; 3 3 | 7 7; 5 5",
        help="Levels by spaces, rows by ; and slices by |. Numbers that are not whole are taken "
        "as thresholds.",
        on_change=_take_text,
        args=(desk,),
    )


def _take_published(desk: Desk) -> None:
    name = st.session_state["preset_published"]
    if name is not None:
        desk.take(PUBLISHED[name])
        st.session_state["preset_published"] = None


def _take_text(desk: Desk) -> None:
    text = st.session_state["preset_text"].strip()
    if not text:
        return
    try:
        kernel = ThresholdKernel.from_text(text)
    except ValueError as error:
        st.toast(plain(str(error)), icon=":material/error:")
    else:
        desk.take(kernel.renamed(levels_name(kernel)))


def _snapshots(desk: Desk) -> None:
    st.text_input(
        "Keep this kernel as",
        key="snapshot_name",
        max_chars=MAX_NAME,
        placeholder="a name, then Enter",
        on_change=_keep,
        args=(desk,),
        help=f"Snapshots last as long as this tab is open; the latest {MAX_SNAPSHOTS} are kept.",
    )
    for number, (name, kernel) in enumerate(reversed(desk.snapshots.items())):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                plain(name),
                key=f"snapshot_{number}",
                help=str(kernel) if kernel.levels.size <= 64 else None,
                on_click=desk.take,
                args=(kernel.renamed(name),),
                width="stretch",
            )
            st.button(
                "",
                icon=":material/delete:",
                key=f"forget_{number}",
                help=f"Forget {plain(name)}",
                on_click=desk.forget,
                args=(name,),
            )


def _keep(desk: Desk) -> None:
    name = st.session_state["snapshot_name"].strip()
    if name:
        desk.keep(name)
        st.session_state["snapshot_name"] = ""


def _size(desk: Desk) -> None:
    sides = zip(("Slices", "Rows", "Columns"), desk.kernel.shape, strict=True)
    with st.container(horizontal=True, gap="small"):
        for title, side in sides:
            key = f"size_{title.lower()}"
            st.session_state[key] = side  # undo and presets change it too
            st.number_input(
                title,
                1,
                max(_LARGEST, side),
                key=key,
                on_change=_resize,
                args=(desk,),
                width="stretch",
            )


def _resize(desk: Desk) -> None:
    slices, rows, columns = (
        int(st.session_state[f"size_{side}"]) for side in ("slices", "rows", "columns")
    )
    desk.change(resized(desk.kernel, (slices, rows, columns)))
