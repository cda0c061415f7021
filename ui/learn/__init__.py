"""The article on Learn: text and figures that move while one reads."""
