#!/bin/bash
# The same with the real kernel and the real BlueZ, FIRSTLIGHT_LAB_ROUNDS times in a row: five in one lab, so that its time
# is enough on a slow machine.
set -euo pipefail
for ((left = ${FIRSTLIGHT_LAB_ROUNDS:-2}; left > 0; left -= 5)); do
    "$(dirname "$0")/run-jobs" bluez inject $((left < 5 ? left : 5))
done
