"""The schema gate: two versions of a backend are found, described and compared, for people and for CI."""
