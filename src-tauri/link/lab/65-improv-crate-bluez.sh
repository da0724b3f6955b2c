#!/bin/bash
# A job with an Improv device that nobody here wrote: the crate improv-wifi, through the real BlueZ, FIRSTLIGHT_LAB_ROUNDS times
# in a row. It is GPL, so it is built apart from all else (improv-device/Cargo.toml).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
BTLAB=${BTLAB:-${FIRSTLIGHT_BTLAB:-$root/../shared/btlab}/btlab}
target=${CARGO_TARGET_DIR:-$root/target}
"${CARGO:-cargo}" build --quiet --locked --manifest-path "$here/improv-device/Cargo.toml" \
    --target-dir "$target/lab/improv-device"
exec "$BTLAB" run -n 2 -t 590 -- python "$here/improv_crate.py" "${FIRSTLIGHT_PROGRAM:-$target/debug/firstlight}" \
    "$target/lab/improv-device/debug/improv-device" "${FIRSTLIGHT_LAB_ROUNDS:-3}"
