"""What goes out: drawings, figures, arrays and animations, tables of many pictures, code."""
