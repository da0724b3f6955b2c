#!/bin/bash
# A whole job with each kind of Improv and Espressif device, with a stand-in for BlueZ.
exec "$(dirname "$0")/run-jobs" fake standards "${FIRSTLIGHT_LAB_ROUNDS:-1}"
