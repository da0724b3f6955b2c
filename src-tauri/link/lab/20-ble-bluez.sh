#!/bin/bash
# The same with the real kernel and the real BlueZ: minutes.
exec "$(dirname "$0")/run-tests" bluez
