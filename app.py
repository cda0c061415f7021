"""DeSign: the app. Start it with ``streamlit run app.py``."""

from __future__ import annotations

from ui import theme
from ui.entry import enter

page = enter()
theme.apply()
page.run()
