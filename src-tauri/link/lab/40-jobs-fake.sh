#!/bin/bash
# A whole job with a device of each BLE dialect, with a stand-in for BlueZ.
exec "$(dirname "$0")/run-jobs" fake "${FIRSTLIGHT_LAB_ROUNDS:-2}"
