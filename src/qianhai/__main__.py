"""`python -m qianhai` is the command `qianhai`."""

from qianhai.main import run

run()
