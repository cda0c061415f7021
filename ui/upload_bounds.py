"""How much visitors may bring: bounds per session and per server, beyond that of a single file."""

from __future__ import annotations

import time
import weakref
from itertools import count
from threading import Lock
from typing import Any, TypeVar

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from ui.server import tidy

__all__ = [
    "MOST_FILES",
    "MOST_HELD",
    "MOST_OF_SERVER",
    "MOST_OF_SESSION",
    "FullError",
    "bound_uploads",
    "hold",
    "mind_uploads",
]

#: Bytes of uploaded files that are kept for one session, and for all sessions of the server.
MOST_OF_SESSION, MOST_OF_SERVER = 256 * 2**20, 2**30

#: Files of one session.
MOST_FILES = 1000

#: Bytes of what is made of uploads and kept, pictures and networks, for all sessions of the server.
MOST_HELD = 2 * 2**30

_LOOSE, _LOOSE_SECONDS = "loose_uploads", 600.0
_add_file = MemoryUploadedFileManager.add_file
_refused: dict[str, str] = {}  # why, by session, until it is told

# Sizes by number. A dictionary, since what is let go of may be so in the middle of anything.
_held: dict[int, int] = {}
_numbers = count()
_holding = Lock()

T = TypeVar("T")


class FullError(ValueError):
    """The server holds as much as it may; the message says what to do."""


def bound_uploads() -> None:
    """Have uploads received in memory, and those refused that are too many.

    Starlette would write those of more than a megabyte to a file in the temporary folder first.
    Streamlit bounds each file alone, and takes any number at its address for uploads, whether a
    page asked for them or not.
    """
    allowed = int(st.get_option("server.maxUploadSize")) * 2**20
    MultiPartParser.spool_max_size = allowed + 2**20  # what surrounds a file in its request
    MemoryUploadedFileManager.add_file = _add_bounded  # type: ignore[method-assign]


def _add_bounded(self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
    """Keep a file unless there are too many; all requests come through one thread."""
    kept = self.file_storage.get(session_id, {})
    of_session = sum(len(one.data) for one in list(kept.values()))
    reason = ""
    if of_session + len(file.data) > MOST_OF_SESSION or len(kept) >= MOST_FILES:
        reason = (
            f"A session keeps {MOST_FILES:,} files and {MOST_OF_SESSION >> 20} MB at most. Take "
            "some away, or reload the page to start again."
        )
    elif self._total_bytes + len(file.data) > MOST_OF_SERVER:
        reason = "This server keeps as many files as it may. Try again in a few minutes."
    if reason:
        if len(_refused) < MOST_FILES:
            _refused[session_id] = reason
        raise HTTPException(413, reason)
    _add_file(self, session_id, file)


def mind_uploads() -> None:
    """Say why files of this session were refused, and forget those that it no longer needs.

    An uploader shows no more than a number, and one that is not drawn any more does not say that
    it has forgotten its files: what no uploader has named for ten minutes goes.
    """
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    if context is None or not isinstance(manager, MemoryUploadedFileManager):
        return
    if reason := _refused.pop(context.session_id, ""):
        st.toast(reason, icon=":material/error:", duration="long")
    named = {
        file.file_id for value in st.session_state.to_dict().values() for file in _files(value)
    }
    now, since = time.monotonic(), st.session_state.get(_LOOSE, {})
    loose = {
        file: since.get(file, now)
        for file in list(manager.file_storage.get(context.session_id, {}))
        if file not in named
    }
    for file, first in loose.items():
        if now > first + _LOOSE_SECONDS:
            manager.remove_file(context.session_id, file)
    st.session_state[_LOOSE] = loose


def _files(value: Any) -> list[UploadedFile]:
    """The uploads in a value of the session: one, several in a list, or none."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, UploadedFile)]


def hold(thing: T, size: int) -> T:
    """Count what is kept of an upload, for as long as it is kept.

    Parameters
    ----------
    thing
        A picture or a network.
    size
        Its bytes in memory.

    Raises
    ------
    FullError
        All sessions together would hold more than `MOST_HELD`.
    """
    if _total() + size > MOST_HELD:
        tidy()  # which frees what sessions held that have ended
    with _holding:
        if _total() + size > MOST_HELD:
            raise FullError(
                "This server holds as much of its visitors' files as it may. Try again in a few "
                "minutes, or bring something smaller."
            )
        number = next(_numbers)
        _held[number] = size
    weakref.finalize(thing, _held.pop, number, None)
    return thing


def _total() -> int:
    return sum(list(_held.values()))
