"""What the pages share: theme, controls, figures. No mathematics."""
