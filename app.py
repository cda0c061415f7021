"""DeSign: the app. Start it with ``streamlit run app.py``."""

from __future__ import annotations

from ui import theme
from ui.entry import enter
from ui.server import keep_uploads_in_memory, spare_modules

keep_uploads_in_memory()
page = enter()
theme.apply()
try:
    page.run()
finally:
    spare_modules()
