"""What the page Segment is made of."""
