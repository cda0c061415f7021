"""Streamlit; at each SIGUSR1 it tidies up and writes to ``$TIDIED_FILE`` what it then holds.

TIDIED_FILE=tidied.json python stress/tidied.py run app.py
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from pathlib import Path
from threading import Thread

from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.web import cli

from deploy.server import memory_megabytes
from design_core.pictures import Picture
from ui.server import tidy


def _tell() -> None:
    """Tidy, and tell the memory in use, the uploads and the pictures that are left."""
    tidy()
    gc.unfreeze()  # what is frozen is not listed
    objects = gc.get_objects()
    gc.freeze()
    found = {
        "mb": memory_megabytes(os.getpid()),
        "uploads": sum(isinstance(one, UploadedFileRec) for one in objects),
        "pictures": sum(isinstance(one, Picture) for one in objects),
    }
    part = Path(os.environ["TIDIED_FILE"] + ".part")
    part.write_text(json.dumps(found), encoding="utf-8")
    part.replace(os.environ["TIDIED_FILE"])


if __name__ == "__main__":
    # In a thread: tidying waits for the event loop, which runs in this one.
    signal.signal(signal.SIGUSR1, lambda *_: Thread(target=_tell).start())
    sys.exit(cli.main())
