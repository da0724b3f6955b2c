"""An Improv device that nobody here wrote, given its network: improv_crate.py FIRSTLIGHT DEVICE [ROUNDS], inside the lab.

DEVICE is the program of improv-device, which is the crate `improv-wifi` behind BlueZ on the second adapter. It takes no token,
so a job with it ends unknown for that reason, and the device itself says whether it got on its network.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

firstlight, device = sys.argv[1:3]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
ADDRESS = "00:1A:7D:00:00:02"  # of the second adapter
SSID, PASSWORD = "Workshop 2G", "correct horse"
bad = []

with tempfile.TemporaryDirectory() as state, subprocess.Popen(
        [firstlight, "practice", "cloud", "--json"], stdout=subprocess.PIPE, text=True) as server:
    try:
        cloud = json.loads(server.stdout.readline())
        env = {**os.environ, "FIRSTLIGHT_CLIENT_ID": cloud["client_id"],
               "FIRSTLIGHT_CLIENT_SECRET": cloud["client_secret"], "FIRSTLIGHT_WIFI_PASSWORD": PASSWORD}
        for round in range(1, rounds + 1):
            start = time.monotonic()
            with subprocess.Popen([device, "hci1", SSID, PASSWORD], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT) as library:
                told = [library.stdout.readline()]
                job = subprocess.run(
                    [firstlight, "provision", "--ble", ADDRESS, "--adapter", "hci0", "--server", cloud["url"],
                     "--org", str(cloud["org"]), "--owner", str(cloud["owner"]), "--patience", "60", "--wifi", SSID,
                     "--state", state, "--json"], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    timeout=240)
                if job.returncode != 3:
                    library.terminate()
                told += library.stdout.readlines()
            lines = [json.loads(line) for line in job.stdout.splitlines() if line.startswith("{")]
            end = next((line for line in lines if line["event"] == "finished"), None)
            good = (end is not None and job.returncode == 3 and end["outcome"] == "unknown"
                    and end["driver"] == "improv" and end["fault"]["code"] == "token.no_carrier"
                    and "PROVISIONED\n" in told)
            print(f"{'ok    ' if good else 'FAILED'} round {round}: {time.monotonic() - start:.1f} s, "
                  f"steps {end and end['steps']}", flush=True)
            if not good:
                bad.append(f"round {round}: exit status {job.returncode}, the device said {told}\n{job.stdout}")
        for report in bad:
            print(report)
        print(f"improv-wifi: {rounds - len(bad)} as they must be, {len(bad)} failed, 0 skipped", flush=True)
    finally:
        server.terminate()
sys.exit(1 if bad else 0)
