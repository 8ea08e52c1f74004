"""How subscribers learn of what was committed: live queries, change streams, and what tells them of changes."""
