"""DeSign: the app. Start it with ``streamlit run app.py``."""

from __future__ import annotations

from ui import theme
from ui.drawer import close_on_choice
from ui.entry import enter
from ui.server import look_after_memory, spare_modules
from ui.upload_bounds import bound_uploads, mind_uploads
from ui.warm import wait_until_warm, warm_up

# They ask no network of the server.
LIGHT_PAGES = ("", "explore", "design", "batch", "present", "live")

bound_uploads()
look_after_memory()
page = enter()
theme.apply()
theme.follow()
close_on_choice()
if page.url_path not in LIGHT_PAGES:
    wait_until_warm()
mind_uploads()
try:
    page.run()
finally:
    spare_modules()
    warm_up()
