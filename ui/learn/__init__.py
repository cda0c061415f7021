"""The story on the Learn page, step by step."""
