"""Streamlit; at each SIGUSR1 it tidies up and writes to ``$TIDIED_FILE`` what it then holds.

TIDIED_FILE=tidied.json python stress/tidied.py run app.py
"""

from __future__ import annotations

import ctypes
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


class _Mallinfo2(ctypes.Structure):
    """What malloc of glibc says of itself, in bytes and pieces."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def _given_out() -> float:
    """MB that malloc has given out, arrays above all; 0 where it does not say."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0.0
    mallinfo.restype = _Mallinfo2
    found = mallinfo()
    return float(found.uordblks + found.hblkhd) / 2**20


def _tell() -> None:
    """Tidy, and tell the memory in use, and what is left of uploads."""
    tidy()
    gc.unfreeze()  # what is frozen is not listed
    objects = gc.get_objects()
    gc.freeze()
    found = {
        "mb": round(memory_megabytes(os.getpid()), 1),
        "held_mb": round(_given_out(), 1),
        "blocks": sys.getallocatedblocks(),
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
