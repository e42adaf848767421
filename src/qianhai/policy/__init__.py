"""Room policy."""
