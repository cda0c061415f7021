"""Memory of a server's process after each page, and whether PyTorch has been loaded by then.

    python benchmarks/page_memory.py [--json]

Pages run as Streamlit runs them, without a browser, one after the other in one process; those that
need PyTorch come last. Figures are of resident memory at its highest so far.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402

PAGES = (
    *("start", "explore", "design", "batch", "present", "speed", "compare"),
    *("learn", "predict", "segment", "live", "train"),
)


def measure() -> dict[str, dict[str, int | bool]]:
    """Megabytes and whether PyTorch is there, by page."""
    from streamlit.testing.v1 import AppTest

    found: dict[str, dict[str, int | bool]] = {}
    for page in PAGES:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run()
        if page != "start":
            app.switch_page(f"pages/{page}.py").run()
        if app.exception:
            raise RuntimeError(app.exception[0].value)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found[page] = {"megabytes": peak, "torch": "torch" in sys.modules}
    return found


def main() -> None:
    """Visit all pages and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found, facts = measure(), machine_facts("streamlit", "numpy")
    if args.json:
        print(json.dumps({"machine": facts, "pages": found}, indent=2))
        return
    for page, one in found.items():
        print(f"{page:8}{one['megabytes']:6} MB{'  with PyTorch' if one['torch'] else ''}")
    print(", ".join(f"{fact} {value}" for fact, value in facts.items()))


if __name__ == "__main__":
    main()
