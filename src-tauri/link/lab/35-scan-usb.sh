#!/bin/bash
# USB serial devices that are plugged and unplugged, as the command line's own scan tells of them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
BTLAB=${BTLAB:-${FIRSTLIGHT_BTLAB:-$root/../shared/btlab}/btlab}
firstlight=${FIRSTLIGHT_PROGRAM:-${CARGO_TARGET_DIR:-$root/target}/debug/firstlight}
exec "$BTLAB" run -n 0 -t 280 -- python "$here/scan_usb.py" "$firstlight"
