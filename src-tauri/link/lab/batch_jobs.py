"""One `firstlight batch run` for sixteen BLE devices (crowd.py) and four USB devices that are plugged in while it runs: batch_jobs.py
FIRSTLIGHT, in the lab. Every unit has to pass, each with a cloud device of its own.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

from console import Console
from usbsim import plug, unplug

firstlight = sys.argv[1]
BLE = [f"Crowd {number:02}" for number in range(1, 17)]
USB = [f"24:6F:28:44:00:{number:02X}" for number in range(4)]

with tempfile.TemporaryDirectory() as state, subprocess.Popen(
        [firstlight, "practice", "cloud", "--listen", urlsplit(os.environ["FIRSTLIGHT_LAB_CLOUD"]).netloc, "--json"],
        stdout=subprocess.PIPE, text=True) as server:
    units, good = [], False
    try:
        cloud = json.loads(server.stdout.readline())
        rows = f"{state}/rows.csv"
        with open(rows, "w") as file:
            print("unit,name", *(f"{unit},Batch {row}" for row, unit in enumerate(BLE + USB, 1)), sep="\n", file=file)
        env = {**os.environ, "FIRSTLIGHT_CLIENT_ID": cloud["client_id"],
               "FIRSTLIGHT_CLIENT_SECRET": cloud["client_secret"], "FIRSTLIGHT_WIFI_PASSWORD": "correct horse"}
        start = time.monotonic()
        batch = subprocess.Popen(
            [firstlight, "batch", "run", rows, "--server", cloud["url"], "--org", str(cloud["org"]), "--owner",
             str(cloud["owner"]), "--wifi", "Workshop 2G", "--patience", "120", "--state", f"{state}/state", "--json"],
            env=env, text=True, stdout=subprocess.PIPE)
        ends, said = [], []
        for line in batch.stdout:
            said.append(line)
            event = json.loads(line)
            if event["event"] == "finished":
                ends.append(event)
                print(f"    {time.monotonic() - start:.1f} s: {event['unit']} {event['outcome']} by {event['driver']}", flush=True)
            if event["event"] == "step_began" and not units:
                # It is under way: now the cables come, as they do at a station.
                for number, mac in enumerate(USB):
                    kind, vid, pid = [("acm", 0x303A, 0x1001), ("usb", 0x10C4, 0xEA60)][number % 2]
                    port = plug(f"unit{number}", vid, pid, f"S{number}", "Maker", "Unit", kind)
                    units.append(Console(port, f"Cable {number}", mac))
        status = batch.wait()
        passed = [end for end in ends if end["outcome"] == "passed"]
        drivers = sorted(end["driver"] for end in passed)
        ids = {end["device_id"] for end in passed}
        good = (status == 0 and len(ends) == len(passed) == len(ids) == len(BLE + USB)
                and drivers == ["blynk-console"] * len(USB) + ["blynk-inject"] * len(BLE))
        if not good:
            print("".join(said))
        print(f"batch: exit status {status}, {len(passed)} of {len(BLE + USB)} units passed as {len(ids)} cloud devices in "
              f"{time.monotonic() - start:.0f} s", flush=True)
    finally:
        server.terminate()
        for number, unit in enumerate(units):
            unit.close()
            unplug(f"unit{number}")
sys.exit(0 if good else 1)
