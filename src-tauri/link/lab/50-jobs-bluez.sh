#!/bin/bash
# The same with the real kernel and the real BlueZ.
exec "$(dirname "$0")/run-jobs" bluez 1
