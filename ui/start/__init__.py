"""The Start page: what this is, in one line, one picture and three doors."""
