#!/bin/bash
# The same of Improv and Espressif, FIRSTLIGHT_LAB_ROUNDS times in a row.
set -euo pipefail
for ((left = ${FIRSTLIGHT_LAB_ROUNDS:-1}; left > 0; left -= 5)); do
    "$(dirname "$0")/run-jobs" bluez standards $((left < 5 ? left : 5))
done
