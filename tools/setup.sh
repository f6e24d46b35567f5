#!/usr/bin/env bash
# Makes .venv, or the folder of VENV, from a lock file. Usage: tools/setup.sh <lock> <stamp>
# Safe to interrupt: a half-finished environment is marked and made again next time.
set -euo pipefail

lock=$1
stamp=$2
venv=${VENV:-.venv}
marker=$venv/.installing
python=${PYTHON:-$(command -v python3.11 || command -v python3 || true)}

if [ -z "$python" ]; then
    echo "No Python found: install Python 3.11 or newer, or set PYTHON to the interpreter to use." >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is older than Python 3.11: set PYTHON to a newer interpreter, for example PYTHON=python3.12 make." >&2
    exit 1
fi

start=$SECONDS
if [ -e "$marker" ]; then
    rm -rf "$venv"
fi
mkdir -p "$venv"
touch "$marker"
if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    "$python" -m venv "$venv"
fi

echo "Installing the packages of $lock ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
# uv installs the lock in a few seconds, pip in half a minute. Where uv can't be had or can't reach the packages
# (pip may know a mirror that uv does not), pip does the same work. Both check every hash.
if pip install --require-hashes -r locks/requirements-bootstrap.lock 2>/dev/null &&
    "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --require-hashes -r "$lock" 2>/dev/null; then
    :
else
    pip install --no-deps --require-hashes -r "$lock"
fi

# The project's own package is imported from src/, where it is edited.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$PWD/src" >"$site/ai_impact_src.pth"
printf '#!%s\nfrom ai_impact.command import main\n\nraise SystemExit(main())\n' "$PWD/$venv/bin/python" >"$venv/bin/ai-impact"
chmod +x "$venv/bin/ai-impact"

"$venv/bin/python" -c 'import ai_impact_stats, dbt.version'
rm -f "$marker"
touch "$stamp"
echo "Installed the packages of $lock: $((SECONDS - start)) s"
