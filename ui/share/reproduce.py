"""The expander with the code that makes the present view."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from design_core.reproduce import Recipe, Subject
from ui.compute import Scene
from ui.share.rail_fields import FIRST_SAMPLE, wanted_upload

__all__ = ["recipe_expander", "subject_of"]


def subject_of(scene: Scene) -> Subject:
    """A scene as the recipes name it; the rail knows where its picture is from."""
    code: str = st.session_state.get("picture_code", FIRST_SAMPLE)
    reference, digest = f"sample:{code}", ""
    if wanted_upload(code):
        reference, digest = _path(scene.picture.name), scene.picture.sha256
    elif code.startswith("set~"):
        reference = code.replace("~", ":")
    return Subject(reference, digest, scene.longest, scene.source, scene.maps, scene.seed)


def recipe_expander(make: Callable[[], Recipe], *, note: str = "") -> None:
    """Show Python and command line; `note` says what they leave out."""
    with st.expander("Reproduce"):
        try:
            recipe = make()
        except ValueError as error:
            st.info(str(error), icon=":material/info:")
            return
        st.caption("In the folder of the repository. Python:")
        st.code(recipe.python, language="python")
        st.caption("The same on the command line:")
        st.code(recipe.command, language="bash", wrap_lines=True)
        if note:
            st.caption(note)


def _path(name: str) -> str:
    """A file's name, so that it is taken for nothing else."""
    return f"./{name}" if name.startswith("-") or ":" in name else name
