#!/bin/bash
# One batch of sixteen BLE devices and four USB devices that are plugged in meanwhile, with the real kernel and the real
# BlueZ, FIRSTLIGHT_LAB_ROUNDS times in a row, each in a lab of its own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
BTLAB=${BTLAB:-${FIRSTLIGHT_BTLAB:-$root/../shared/btlab}/btlab}
firstlight=${FIRSTLIGHT_PROGRAM:-${CARGO_TARGET_DIR:-$root/target}/debug/firstlight}
for ((round = 0; round < ${FIRSTLIGHT_LAB_ROUNDS:-1}; round++)); do
    # Devices and cloud have to know the port before either runs.
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export FIRSTLIGHT_LAB_CLOUD=http://127.0.0.1:$port
    "$BTLAB" run -p "$here/crowd.py" -t 590 -- python "$here/batch_jobs.py" "$firstlight"
done
