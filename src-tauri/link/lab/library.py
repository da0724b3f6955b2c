"""A device that nobody here wrote, brought to first light: library.py FIRSTLIGHT PYTHON DEVICE [ROUNDS], inside the lab.

PYTHON is one with Blynk's own library for Linux devices (PyPI: blynk-provisioning); DEVICE is the lab's blynk_device.py,
which advertises through BlueZ on the second adapter. The library only stores the token, so this checks in for it.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

firstlight, python, device = sys.argv[1:4]
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 1
passed = 0
TEMPLATE = "TMPL4xYzAbCdE"  # one that the practice cloud has; the lab's device has another built in


def line_with(stream, pattern: str) -> re.Match:
    for line in stream:
        if found := re.search(pattern, line):
            return found
    raise RuntimeError(f"the device ended without {pattern}")


def check_in(stream, url: str):
    """As the device's own program would do with the token; what goes wrong shows in the job."""
    try:
        got = line_with(stream, r"^GOT (\S+) (\S+)")
        query = urllib.parse.urlencode({"token": got.group(2), "templateId": TEMPLATE})
        urllib.request.urlopen(f"{url}/external/api/provision?{query}").read()
    except (RuntimeError, OSError) as error:
        print(f"    the device: {error}", flush=True)


with tempfile.TemporaryDirectory() as state, subprocess.Popen(
        [firstlight, "practice", "cloud", "--json"], stdout=subprocess.PIPE, text=True) as server:
    try:
        cloud = json.loads(server.stdout.readline())
        env = {**os.environ, "FIRSTLIGHT_CLIENT_ID": cloud["client_id"],
               "FIRSTLIGHT_CLIENT_SECRET": cloud["client_secret"], "FIRSTLIGHT_WIFI_PASSWORD": "correct horse"}
        with open(device) as lab, open(f"{state}/device.py", "w") as ours:
            ours.write(lab.read().replace("TMPL4btlab", TEMPLATE))
        for round in range(1, rounds + 1):
            start = time.monotonic()
            with subprocess.Popen([python, "-u", f"{state}/device.py", "hci1", f"{state}/credentials-{round}"], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as library:
                name = line_with(library.stdout, "Advertising as '(.*?)'").group(1)
                # The journal knows its address, also where BlueZ shows what it remembers of it without its services.
                which = ["--ble", name] if round % 2 else ["--any"]
                job = subprocess.Popen(
                    [firstlight, "provision", *which, "--adapter", "hci0", "--server", cloud["url"],
                     "--org", str(cloud["org"]), "--owner", str(cloud["owner"]), "--patience", "60",
                     "--wifi", "Workshop 2G",
                     "--state", state, "--json"], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                checking = threading.Thread(target=check_in, args=(library.stdout, cloud["url"]))
                checking.start()
                said = job.communicate(timeout=240)[0]
                library.terminate()
                checking.join()
            lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
            end = next((line for line in lines if line["event"] == "finished"), None)
            good = end is not None and job.returncode == 0 and end["outcome"] == "passed"
            passed += good
            print(f"{'ok    ' if good else 'FAILED'} round {round}, {' '.join(which)}: {time.monotonic() - start:.1f} s, "
                  f"steps {end and end['steps']}", flush=True)
            if not good:
                print(f"    exit status {job.returncode}\n{said}", flush=True)
        print(f"library: {passed} passed, {rounds - passed} failed, 0 skipped", flush=True)
    finally:
        server.terminate()
sys.exit(0 if passed == rounds else 1)
