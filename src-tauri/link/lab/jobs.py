"""Whole jobs against the devices of inject.py or standards.py, inside the lab: jobs.py FIRSTLIGHT (inject or standards) [ROUNDS].

Starts the practice cloud, runs `firstlight provision --ble` for each case, ROUNDS times, and holds what it prints against
the contract. Not here: devices that nobody here wrote (others.py, and the lab's blynk_device.py).
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

NO_CARRIER = "token.no_carrier"


@dataclass
class Case:
    title: str
    device: str  # its name or address
    driver: str
    arguments: list = field(default_factory=list)
    secret: str = ""
    fault: str = ""  # with it the job ends unknown


def improv(size: int, address: str, carrier: str) -> list:
    return [Case(f"Improv, {size} bytes a packet, no carrier", address, "improv", fault=NO_CARRIER),
            Case(f"Improv, {size} bytes a packet, token by {carrier}", address, "improv", ["--carrier", carrier])]


CASES = {
    "inject": [Case(name, name, "blynk-inject")
               for name in ("Acme Pump-K3M7", "Acme Valve-IDF1", "Acme Meter-P2AB", "Acme Gateway-LX")],
    "standards": [
        *improv(23, "C0:00:00:00:05:17", "vendor:144"),
        *improv(247, "C0:00:00:00:05:F7", "third-string"),
        *(Case(f"Espressif, security {scheme}, {size} bytes a packet", f"PROV_S{scheme}M{size}", "espressif",
               ["--device-user", "wifiprov"] if scheme == 2 else [], secret="abcd1234")
          for scheme in (1, 2) for size in (23, 247)),
    ],
}


def provision(firstlight: str, cloud: dict, state: str, case: Case) -> tuple:
    """Gives the last line (`finished`), the exit status and all that was said."""
    env = {**os.environ, "FIRSTLIGHT_CLIENT_ID": cloud["client_id"], "FIRSTLIGHT_CLIENT_SECRET": cloud["client_secret"],
           "FIRSTLIGHT_WIFI_PASSWORD": os.environ.get("FIRSTLIGHT_LAB_PASSWORD", "correct horse")}
    if case.secret:
        env["FIRSTLIGHT_DEVICE_SECRET"] = case.secret
    done = subprocess.run(
        [firstlight, "provision", "--ble", case.device, "--server", cloud["url"], "--org", str(cloud["org"]),
         "--owner", str(cloud["owner"]), "--wifi", os.environ.get("FIRSTLIGHT_LAB_SSID", "Workshop 2G"),
         "--patience", "60", "--state", state, "--json", *case.arguments],
        env=env, capture_output=True, text=True, timeout=240)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    ends = [line for line in lines if line["event"] == "finished"]
    return (ends[-1] if ends else None), done.returncode, done.stdout + done.stderr


def is_as_it_must_be(case: Case, end: dict, status: int, ids: dict) -> bool:
    if end is None or end["driver"] != case.driver:
        return False
    if case.fault:
        return status == 3 and end["outcome"] == "unknown" and end["fault"]["code"] == case.fault
    # One unit is one cloud device, however often it is provisioned.
    once = ids.setdefault(case.device, end["device_id"]) == end["device_id"]
    return status == 0 and end["outcome"] == "passed" and once


def main():
    firstlight, devices = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    listen = urlsplit(os.environ["FIRSTLIGHT_LAB_CLOUD"]).netloc
    with tempfile.TemporaryDirectory() as state, subprocess.Popen(
            [firstlight, "practice", "cloud", "--listen", listen, "--json"], stdout=subprocess.PIPE, text=True) as server:
        try:
            cloud = json.loads(server.stdout.readline())
            good, bad, ids = 0, [], {}
            for round in range(1, rounds + 1):
                for case in CASES[devices]:
                    start = time.monotonic()
                    end, status, said = provision(firstlight, cloud, state, case)
                    took = time.monotonic() - start
                    fine = is_as_it_must_be(case, end, status, ids)
                    good += fine
                    word = "ok    " if fine else "FAILED"
                    print(f"{word} round {round}, {case.title}: {took:.1f} s, steps {end and end['steps']}", flush=True)
                    if not fine:
                        bad.append(f"round {round}, {case.title}: exit status {status}, device ids {ids}\n{said}")
            for report in bad:
                print(report)
            print(f"jobs ({devices}): {good} as they must be, {len(bad)} failed, 0 skipped", flush=True)
        finally:
            server.terminate()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
