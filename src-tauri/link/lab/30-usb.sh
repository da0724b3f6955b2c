#!/bin/bash
# USB serial adapters that are plugged and unplugged, with the real kernel.
exec "$(dirname "$0")/run-tests" usb
