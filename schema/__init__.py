"""What exists, and who may: pure values, no I/O, no SQL text, no request."""
