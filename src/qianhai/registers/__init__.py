"""Room registers."""
