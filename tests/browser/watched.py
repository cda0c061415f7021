"""Streamlit; at each SIGUSR1 it writes to ``$WATCH_FILE`` what it holds of uploads, and its writes.

WATCH_FILE=watched.json python tests/browser/watched.py run app.py
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.web import cli

import ui.server
from design_core.pictures import Picture

_WRITING = os.O_WRONLY | os.O_RDWR
_written: list[str] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or isinstance(arguments[0], int):  # a number is of what is open already
        return
    if isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _written.append(str(arguments[0]))


def _tell(*_: object) -> None:
    written = list(_written)
    gc.unfreeze()  # what is frozen is not listed
    objects = gc.get_objects()
    gc.freeze()
    watched = {
        "files": [one.name for one in objects if isinstance(one, UploadedFileRec)],
        "pictures": [one.name for one in objects if isinstance(one, Picture)],
        "written": [path for path in written if "__pycache__" not in path and path != os.devnull],
    }
    part = Path(os.environ["WATCH_FILE"] + ".part")
    part.write_text(json.dumps(watched), encoding="utf-8")
    part.replace(os.environ["WATCH_FILE"])
    _written[:] = [path for path in _written if not path.endswith(".part")]


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _tell)
    tempfile.gettempdir()  # writes a file to see whether it can
    sys.addaudithook(_note)
    ui.server.PERIOD = 0.5
    sys.exit(cli.main())
