"""The terminal's door: parses commands, asks the rooms, prints documents or tables.

Every command takes `--json` and then prints one document, errors too. Exit codes: 0 done, 2 bad
input or usage, 3 an integrity check failed, 4 the environment is at fault.
"""

from qianhai.cli.app import Site
from qianhai.cli.start import start

__all__ = ["Site", "start"]
