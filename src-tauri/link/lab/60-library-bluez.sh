#!/bin/bash
# A job with a device that nobody here wrote: Blynk's own Linux library, through the real BlueZ, FIRSTLIGHT_LAB_ROUNDS
# times in a row.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
BTLAB=${BTLAB:-${FIRSTLIGHT_BTLAB:-$root/../shared/btlab}/btlab}
target=${CARGO_TARGET_DIR:-$root/target}
python=$target/lab/blynk/bin/python
if ! "$python" -c 'import blynk_provisioning' 2>/dev/null; then
    python3 -m venv "$target/lab/blynk"
    "$target/lab/blynk/bin/pip" install --quiet blynk-provisioning==1.3.0
fi
exec "$BTLAB" run -n 2 -t 590 -- python "$here/library.py" "${FIRSTLIGHT_PROGRAM:-$target/debug/firstlight}" \
    "$python" "$(dirname "$BTLAB")/examples/blynk_device.py" "${FIRSTLIGHT_LAB_ROUNDS:-3}"
