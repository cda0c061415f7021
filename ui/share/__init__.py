"""The row that shares a view: scenes, link, session, code that makes the view."""
