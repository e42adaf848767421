#!/usr/bin/env bash
# Make or mend .venv: the locked dependencies, each checked by its hash, and this project as it stands.
# It must not be run twice at once; `make setup` calls it only when the lock or the project file changed.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# A venv is kept only if it still works: a moved folder or another user's Python breaks it.
is_sound() {
    [ ! -e .venv/.made ] || [ "$(cat .venv/.made)" = "$(pwd -P)" ] || return 1
    is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1
}

make_venv() {
    local python=""
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then python=$name && break; fi
    done
    if [ -z "$python" ]; then
        say "no Python 3.11 or newer was found; install one, or name it: make setup PYTHON=/path/to/python3"
        say "未找到 Python 3.11 或更高版本；请安装，或指明路径：make setup PYTHON=/path/to/python3"
        exit 4
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "python3-venv is missing; installing it with apt-get"
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
        else
            say "the Python module venv is missing; as root: apt-get install python3-venv"
            say "缺少 Python 模块 venv；请以 root 身份运行：apt-get install python3-venv"
            exit 4
        fi
    fi
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

is_sound || make_venv
say "installing the locked dependencies"
# The lock is complete: nothing is resolved again, so a release made after it cannot change or break this.
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
pwd -P >.venv/.made # written last: a set-up that was cut off is taken up again
say "ready: .venv/bin/qianhai"
