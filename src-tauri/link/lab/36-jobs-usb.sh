#!/bin/bash
# Whole jobs with devices that are plugged in while the command line waits for any, FIRSTLIGHT_LAB_ROUNDS times each kind.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
BTLAB=${BTLAB:-${FIRSTLIGHT_BTLAB:-$root/../shared/btlab}/btlab}
firstlight=${FIRSTLIGHT_PROGRAM:-${CARGO_TARGET_DIR:-$root/target}/debug/firstlight}
exec "$BTLAB" run -n 0 -t 590 -- python "$here/usb_jobs.py" "$firstlight" "${FIRSTLIGHT_LAB_ROUNDS:-2}"
