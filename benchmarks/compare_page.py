"""What Compare costs the server with a zoo of many networks: first visit, and those after it.

    python benchmarks/compare_page.py [--cards 100] [--visits 5] [--json]

The zoo is made of the project's own cards, repeated under other names, in a folder of its own.
Pages run as Streamlit runs them, without a browser; processor time of the process, so that what
else the machine does counts little. Medians of the later visits.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402

PANELS = ("Overview", "One-bit pictures", "Learning", "Batch norm", "Answers", "Density")


def made_zoo(root: Path, cards: int) -> None:
    """So many cards in a folder; logs and networks are links to those that were copied."""
    originals = sorted((ROOT / "assets" / "checkpoints").glob("*/card.json"))
    made = 0
    for copy in count():
        for original in originals:
            if made == cards:
                return
            folder = root / (original.parent.name + (f"-copy{copy}" if copy else ""))
            folder.mkdir()
            for path in original.parent.iterdir():
                if path != original:
                    (folder / path.name).symlink_to(path)
            plain = json.loads(original.read_text(encoding="utf-8"))
            plain["name"] = folder.name
            (folder / "card.json").write_text(json.dumps(plain), encoding="utf-8")
            made += 1


def measure(visits: int) -> dict[str, dict[str, float]]:
    """Seconds of processor time by panel, of the first visit and of later ones."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600)
    app.run()
    app.switch_page("pages/compare.py")
    found = {}
    for panel in PANELS:
        app.session_state["compare_panel"] = panel
        times = []
        for _ in range(visits + 1):
            begun = time.process_time()
            app.run()
            times.append(time.process_time() - begun)
            if app.exception:
                raise RuntimeError(app.exception[0].value)
        found[panel] = {"first": times[0], "later": statistics.median(times[1:])}
    return found


def main() -> None:
    """Make the zoo, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cards", type=int, default=100)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made_zoo(Path(folder), args.cards)
        os.environ["DESIGN_CHECKPOINTS"] = folder
        found = measure(args.visits)
    facts: dict[str, Any] = machine_facts("streamlit", "plotly")
    if args.json:
        print(json.dumps({"machine": facts, "cards": args.cards, "seconds": found}, indent=2))
        return
    for panel, times in found.items():
        print(f"{panel:18} first {times['first']:.2f} s, later {times['later']:.2f} s")
    print(f"{args.cards} cards, " + ", ".join(f"{fact} {value}" for fact, value in facts.items()))


if __name__ == "__main__":
    main()
