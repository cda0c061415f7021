"""What makes a view shareable: its address, and the row with scenes, link, session and code."""
