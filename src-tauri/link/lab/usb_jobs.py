"""A station's way of working: `firstlight provision --any` waits, and a USB device is plugged in: usb_jobs.py FIRSTLIGHT [ROUNDS], in the
lab. Not here: Bluetooth.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

from usbsim import plug, unplug

firstlight, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
KINDS = [("acm", 0x303A, 0x1001), ("usb", 0x10C4, 0xEA60)]
bad = []

with tempfile.TemporaryDirectory() as state, subprocess.Popen(
        [firstlight, "practice", "cloud", "--json"], stdout=subprocess.PIPE, text=True) as server:
    try:
        cloud = json.loads(server.stdout.readline())
        os.environ["FIRSTLIGHT_LAB_CLOUD"] = cloud["url"]
        from console import Console  # it checks in at that cloud

        env = {**os.environ, "FIRSTLIGHT_CLIENT_ID": cloud["client_id"],
               "FIRSTLIGHT_CLIENT_SECRET": cloud["client_secret"], "FIRSTLIGHT_WIFI_PASSWORD": "correct horse"}
        for number in range(rounds * len(KINDS)):
            kind, vid, pid = KINDS[number % len(KINDS)]
            start = time.monotonic()
            job = subprocess.Popen(
                [firstlight, "provision", "--any", "--server", cloud["url"], "--org", str(cloud["org"]), "--owner",
                 str(cloud["owner"]), "--wifi", "Workshop 2G", "--patience", "60", "--state", state, "--json"],
                env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            said = [job.stdout.readline(), job.stdout.readline()]  # it has begun, and there is nothing yet
            mac = f"24:6F:28:44:00:{number:02X}"
            unit = Console(plug("unit", vid, pid, f"S{number}", "Maker", "Unit", kind), f"Lab Unit-{number}", mac)
            try:
                said += job.communicate(timeout=240)[0].splitlines(keepends=True)
            finally:
                job.kill()
                unit.close()
            unplug("unit")
            lines = [json.loads(line) for line in said if line.startswith("{")]
            end = next((line for line in lines if line["event"] == "finished"), None)
            good = (end is not None and job.returncode == 0 and end["outcome"] == "passed" and end["unit"] == mac
                    and end["driver"] == "blynk-console")
            print(f"{'ok    ' if good else 'FAILED'} {kind} {mac}: {time.monotonic() - start:.1f} s, steps {end and end['steps']}",
                  flush=True)
            if not good:
                bad.append(f"{kind} {mac}: exit status {job.returncode}\n{''.join(said)}")
        for report in bad:
            print(report)
        print(f"jobs (usb): {rounds * len(KINDS) - len(bad)} passed, {len(bad)} failed, 0 skipped", flush=True)
    finally:
        server.terminate()
sys.exit(1 if bad else 0)
