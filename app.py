"""DeSign: the app. Start it with ``streamlit run app.py``."""

from __future__ import annotations

from ui import theme
from ui.entry import enter
from ui.server import keep_uploads_in_memory, spare_modules
from ui.warm import wait_until_warm, warm_up

LIGHT_PAGES = ("", "design", "batch", "present")  # without PyTorch

keep_uploads_in_memory()
page = enter()
theme.apply()
if page.url_path not in LIGHT_PAGES:
    wait_until_warm()
try:
    page.run()
finally:
    spare_modules()
    warm_up()
