"""Bring the browser's libraries from the npm registry into the pages' static files.

Each file is copied under a name that holds its digest, and listed in `manifest.json` with the
digest a browser checks it by. Nothing is fetched when the pages are served. Without npm it says
so and changes nothing: the pages work without these files.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
VENDOR: Final = ROOT / "src" / "qianhai" / "web" / "static" / "vendor"
#: Each library with the file of it that browsers load.
LIBRARIES: Final = {
    "cytoscape": "cytoscape/dist/cytoscape.min.js",
    "echarts": "echarts/dist/echarts.min.js",
    "htmx": "htmx.org/dist/htmx.min.js",
}


def install(npm: str) -> int:
    """Install what the lock says, unless it is there; return npm's answer."""
    lock, done = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return 0
    return subprocess.run([npm, "ci", "--silent"], cwd=ROOT, check=False).returncode  # noqa: S603


def copy(modules: Path, vendor: Path) -> dict[str, dict[str, str]]:
    """Copy each library into the static files and return how each is named and checked."""
    vendor.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, path in LIBRARIES.items():
        content = (modules / path).read_bytes()
        digest = hashlib.sha384(content).digest()
        file = f"{name}-{digest.hex()[:12]}.min.js"
        (vendor / file).write_bytes(content)
        found[name] = {"file": file, "integrity": f"sha384-{base64.b64encode(digest).decode()}"}
    kept = {entry["file"] for entry in found.values()} | {"manifest.json"}
    for old in vendor.iterdir():
        if old.name not in kept:
            old.unlink()
    return found


def main() -> int:
    """Install, copy, and write the manifest."""
    npm = shutil.which("npm")
    if npm is None:
        print(
            "assets: npm was not found; on Debian: apt-get install nodejs npm. 未找到 npm，请安装。"
        )
        return 4
    if install(npm):
        print("assets: npm could not install what package-lock.json says. npm 安装失败。")
        return 4
    manifest = copy(ROOT / "node_modules", VENDOR)
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (VENDOR / "manifest.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
