"""Whole jobs against the devices of inject.py, inside the lab: jobs.py FIRSTLIGHT [ROUNDS].

Starts the practice cloud, runs `firstlight provision --ble` for each dialect, ROUNDS times, and holds what it prints
against the contract. Not here: devices that nobody here wrote (the lab's blynk_device.py).
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

NAMES = ["Acme Pump-K3M7", "Acme Valve-IDF1", "Acme Meter-P2AB", "Acme Gateway-LX"]
firstlight, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
listen = urlsplit(os.environ["FIRSTLIGHT_LAB_CLOUD"]).netloc


def provision(cloud: dict, state: str, name: str) -> tuple:
    """Gives the last line (`finished`), the exit status and standard error."""
    env = {**os.environ, "FIRSTLIGHT_CLIENT_ID": cloud["client_id"], "FIRSTLIGHT_CLIENT_SECRET": cloud["client_secret"],
           "FIRSTLIGHT_WIFI_PASSWORD": os.environ.get("FIRSTLIGHT_LAB_PASSWORD", "correct horse")}
    done = subprocess.run(
        [firstlight, "provision", "--ble", name, "--server", cloud["url"], "--org", str(cloud["org"]),
         "--owner", str(cloud["owner"]), "--wifi", os.environ.get("FIRSTLIGHT_LAB_SSID", "Workshop 2G"),
         "--patience", "60", "--state", state, "--json"],
        env=env, capture_output=True, text=True, timeout=240)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    ends = [line for line in lines if line["event"] == "finished"]
    return (ends[-1] if ends else None), done.returncode, done.stdout + done.stderr


with tempfile.TemporaryDirectory() as state, subprocess.Popen(
        [firstlight, "practice", "cloud", "--listen", listen, "--json"], stdout=subprocess.PIPE, text=True) as server:
    try:
        cloud = json.loads(server.stdout.readline())
        passed, failed, ids = 0, 0, {}
        for round in range(1, rounds + 1):
            for name in NAMES:
                start = time.monotonic()
                end, status, said = provision(cloud, state, name)
                took = time.monotonic() - start
                good = end is not None and status == 0 and end["outcome"] == "passed" and end["driver"] == "blynk-inject"
                # One unit is one cloud device, however often it is provisioned.
                good = good and ids.setdefault(name, end["device_id"]) == end["device_id"]
                passed, failed = passed + good, failed + (not good)
                print(f"{'ok    ' if good else 'FAILED'} round {round}, {name}: {took:.1f} s, steps {end and end['steps']}",
                      flush=True)
                if not good:
                    print(f"    exit status {status}, device ids {ids}\n{said}", flush=True)
        print(f"jobs: {passed} passed, {failed} failed, 0 skipped", flush=True)
    finally:
        server.terminate()
sys.exit(1 if failed else 0)
