"""Keep out of the history what can never be taken out again: large files and private keys.

Called by pre-commit with the files about to be committed. It must not change a file.
"""

import re
import sys
from pathlib import Path
from typing import Final

#: More than any source of ours needs; data of this size is generated, or fetched by its owner.
BYTES_MAX: Final = 1_000_000

_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY|AGE-SECRET-KEY-1[0-9A-Z]")


def offences(path: Path) -> list[str]:
    """Say why a file must not be committed; nothing when it may."""
    content = path.read_bytes()
    found = []
    if len(content) > BYTES_MAX:
        found.append(
            f"{path}: {len(content)} bytes, at most {BYTES_MAX}; generate it where it is needed"
        )
    if key := _PRIVATE_KEY.search(content):
        line = content.count(b"\n", 0, key.start()) + 1
        found.append(f"{path}:{line}: a private key; keep it outside the project and replace it")
    return found


def main(arguments: list[str]) -> int:
    """Print every offence of the named files; 1 when there is one."""
    found = [line for name in arguments if Path(name).is_file() for line in offences(Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
