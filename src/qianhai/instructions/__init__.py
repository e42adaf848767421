"""Room instructions."""
