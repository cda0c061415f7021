"""Links, session files, history, scenes and code: what makes a view shareable."""
