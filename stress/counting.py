"""Streamlit, and a line in the file ``$OPENED_LIST`` for each network that it reads.

OPENED_LIST=opened.txt python stress/counting.py run app.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from streamlit.web import cli


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and str(arguments[0]).endswith(".safetensors"):
        os.write(_LIST, f"{Path(arguments[0]).resolve()}\n".encode())


if __name__ == "__main__":
    _LIST = os.open(os.environ["OPENED_LIST"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    sys.addaudithook(_note)
    sys.exit(cli.main())
