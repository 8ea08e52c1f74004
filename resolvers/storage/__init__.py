"""Files: the storage Module, and what it reaches the outside through."""
