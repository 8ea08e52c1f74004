"""Two versions of a backend, compared: who may do more or less, and which clients break."""
