"""How rows are written: created, updated, deleted, linked; judged by the rules before and after; in one transaction."""
