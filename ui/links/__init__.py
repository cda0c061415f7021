"""What a link holds: fields, the address of a page, history, session files, pinned views."""
