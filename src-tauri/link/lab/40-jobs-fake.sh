#!/bin/bash
# A whole job with a device of each BLE dialect of Blynk's protocol, with a stand-in for BlueZ.
exec "$(dirname "$0")/run-jobs" fake inject "${FIRSTLIGHT_LAB_ROUNDS:-2}"
