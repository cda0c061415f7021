"""What a link holds: fields, history, session files, pinned views."""
