"""The Compare page: its panels, charts and link."""
