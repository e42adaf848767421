"""Room db."""
