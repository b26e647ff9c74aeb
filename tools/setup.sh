#!/bin/sh
# Find a Python that can make the environment, then hand over to tools/setup.py.
# MULTIFIDUS_PYTHON names one to take instead. Exit code 16 (ENVIRONMENT) when there is none.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
incomplete=''
for candidate in ${MULTIFIDUS_PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    # A name on the PATH may be a version manager's empty shim: only a run tells.
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            exec "$candidate" "$here/setup.py" "$@"
        fi
        incomplete=${incomplete:-$candidate}
    fi
done

if [ -n "$incomplete" ]; then
    version=$("$incomplete" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "[ENV-002] $incomplete cannot make virtual environments, its ensurepip module is missing:" \
        "install it (Debian and Ubuntu: apt-get install python$version-venv) and run the command again." >&2
elif [ -n "${MULTIFIDUS_PYTHON:-}" ]; then
    echo "[ENV-001] MULTIFIDUS_PYTHON names no Python 3.11 or newer:" \
        "set it to the path of one, or unset it to have one looked for." >&2
else
    echo "[ENV-001] No Python 3.11 or newer was found on the PATH:" \
        "install one (Debian and Ubuntu: apt-get install python3 python3-venv)" \
        "or set MULTIFIDUS_PYTHON to its path." >&2
fi
exit 16
