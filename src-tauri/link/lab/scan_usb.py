"""USB serial devices that come and go, as `firstlight scan --json` tells of them: scan_usb.py FIRSTLIGHT, inside the lab.

How long each line takes, from the moment the device's node is there or gone, is printed and not asserted; what stands in it is.
"""
import json
import os
import queue
import subprocess
import sys
import threading
import time

firstlight = sys.argv[1]
BOUND = 120  # seconds; only ends what hangs
KINDS = [("acm", "303a", "1001", "A1", "/dev/ttyACM0"), ("usb", "10c4", "ea60", "0001", "/dev/ttyUSB0")]


def usbsim(*arguments: str):
    subprocess.run(["python", "-m", "usbsim", *arguments], check=True, stdout=subprocess.DEVNULL)


def moment(path: str, there: bool) -> float:
    """When the node came or went."""
    end = time.monotonic() + BOUND
    while os.path.exists(path) != there:
        assert time.monotonic() < end, f"{path} does not {'come' if there else 'go'}"
        time.sleep(0.001)
    return time.monotonic()


def change(act: threading.Thread, port: str, there: bool, lines: queue.Queue) -> tuple:
    """Lets the device come or go; gives the line that tells of it, and the milliseconds that it took."""
    act.start()
    since = moment(port, there)
    while True:
        at, line = lines.get(timeout=BOUND)
        if line["event"] == "sighting" and line["port"] == port and line["change"] == ("came" if there else "left"):
            act.join()
            return line, max(0, at - since) * 1000  # who sees the node first is chance


with subprocess.Popen([firstlight, "scan", "--medium", "serial", "--for", "3600s", "--json"], stdout=subprocess.PIPE,
                      text=True) as scan:
    try:
        lines = queue.Queue()
        read = lambda: [lines.put((time.monotonic(), json.loads(line))) for line in scan.stdout]
        threading.Thread(target=read, daemon=True).start()
        slowest = []
        # The first arrival finds a program that is still starting, so its time is not ours.
        for name, vid, pid, serial, port in [KINDS[0], *KINDS, *KINDS]:
            plug = threading.Thread(target=usbsim, args=(
                "plug", name, "--kind", name, "--vid", vid, "--pid", pid, "--serial", serial, "--manufacturer", "Maker",
                "--product", f"Product {name}"))
            came, after = change(plug, port, True, lines)
            usb = came["usb"]
            expected = (int(vid, 16), int(pid, 16), serial, f"Product {name}")
            told = tuple(int(usb[key], 16) if isinstance(usb[key], str) else usb[key] for key in ("vid", "pid"))
            assert (*told, usb["serial"], usb["product"]) == expected, usb
            assert "-" in usb["path"], usb
            left, gone = change(threading.Thread(target=usbsim, args=("unplug", name)), port, False, lines)
            print(f"ok     {port}: line {after:.0f} ms after it came, {gone:.0f} ms after it left", flush=True)
            slowest.append(max(after, gone))
        print(f"scan: {2 * len(slowest)} arrivals and departures told, the slowest after {max(slowest[1:]):.0f} ms")
    finally:
        scan.terminate()
