"""The Qianhai plan as a running system. See docs/ARCHITECTURE.md for the rooms and the road."""
