"""Room messages."""
