#!/bin/bash
# The same with the real kernel and the real BlueZ, ten times in a row: twice five, so that one lab's time is enough.
set -euo pipefail
"$(dirname "$0")/run-jobs" bluez 5
"$(dirname "$0")/run-jobs" bluez 5
