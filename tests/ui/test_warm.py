"""What is made ready in the background."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_the_light_pages_of_the_app_import_no_torch() -> None:
    """Else they would wait for PyTorch, which is loaded while they are looked at."""
    run_alone(
        "import sys, threading\n"
        "from unittest import mock\n"
        "import ui.warm\n"
        "ui.warm.warm_up = mock.Mock()\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "assert not app.exception\n"
        "assert 'torch' not in sys.modules\n"
        "assert ui.warm.warm_up.called\n"
    )


#: Pages that look into no network. The others load PyTorch when they are opened, or a part of them.
WITHOUT = ("explore", "design", "batch", "present", "speed", "compare")

VISITS = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
for page in sys.argv[1:]:
    app = AppTest.from_file(str(Path("app.py").resolve()), default_timeout=120).run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, (page, app.exception)
    assert "torch" not in sys.modules, page
"""


def run_alone(code: str, *arguments: str) -> None:
    """Run a program in a process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_pages_that_need_no_pytorch_leave_it_where_it_is() -> None:
    run_alone(VISITS, *WITHOUT)


def test_warm_means_the_engine_without_pytorch() -> None:
    run_alone(
        "import sys, ui.warm\n"
        "ui.warm.wait_until_warm()\n"
        "assert 'design_core.zoo.entry' in sys.modules\n"
        "assert 'design_core.engine.compiled' in sys.modules\n"
        "assert 'torch' not in sys.modules\n"
    )


def test_pytorch_is_loaded_with_one_thread_a_pass() -> None:
    run_alone(
        "import threading, ui.pytorch\n"
        "assert ui.pytorch.pytorch()\n"
        "import torch\n"
        "found = []\n"
        "asked = threading.Thread(target=lambda: found.append(torch.get_num_threads()))\n"
        "asked.start(), asked.join()\n"
        "assert found == [1]\n"
    )
