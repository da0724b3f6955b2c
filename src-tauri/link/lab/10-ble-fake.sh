#!/bin/bash
# The BLE tests of tests/lab.rs, with a stand-in for BlueZ: seconds.
exec "$(dirname "$0")/run-tests" fake
