"""How long the state machines run: briefly by default, `--hypothesis-profile soak` for hours."""

from hypothesis import settings

settings.register_profile("soak", max_examples=100_000, deadline=None, print_blob=True)
