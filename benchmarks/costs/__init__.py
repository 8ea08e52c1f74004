"""What things cost, and how the cost grows, beside the same SQL by hand. `python -m costs --help`."""
