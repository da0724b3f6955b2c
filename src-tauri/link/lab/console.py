"""A device with Blynk's serial console (dialect B) on a USB port, for whole jobs in the lab.

Written from section 5 of the reference of the device protocols, independent of the Rust code that it tests. It echoes, logs in
between, and checks in at the cloud of devices.py. Not here: dialect A, boards that reset when their port opens.
"""
import json
import os
import threading
import time
import tty

from devices import PACE, PASSWORD, SSID, TEMPLATE, check_in

COMMANDS = ["devinfo", "wifi", "connect", "config", "firmware", "sys", "reboot"]
ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t"}
MOST_CHARACTERS, MOST_WORDS = 255, 15


def words(line: str) -> list:
    """Split at blanks and tabs; a backslash hides what follows."""
    found, word, rest = [], "", iter(line)
    for c in rest:
        if c == "\\":
            escaped = next(rest, "")
            word += chr(int(next(rest) + next(rest), 16)) if escaped == "x" else ESCAPES.get(escaped, escaped)
        elif c in " \t":
            found, word = found + [word] if word else found, ""
        else:
            word += c
    return (found + [word] if word else found)[:MOST_WORDS]


class Console:
    def __init__(self, port: str, name: str, mac: str):
        self.name, self.mac = name, mac
        self.network, self.error, self.online = None, None, False
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.speaking, self.over = threading.Lock(), threading.Event()
        self.listening = threading.Thread(target=self.listen, daemon=True)
        self.listening.start()

    def close(self):
        """The kernel lets a plug be pulled only when nobody holds its device's end."""
        self.over.set()
        self.listening.join()
        os.close(self.fd)

    def say(self, text: str):
        left = text.encode()
        with self.speaking:
            while left and not self.over.is_set():
                try:
                    left = left[os.write(self.fd, left):]
                except BlockingIOError:
                    time.sleep(0.01)  # the other end is slow, or nobody's

    def log(self, text: str):
        self.say(f"[{int(time.monotonic() * 1000)}] {text}\r\n")

    def listen(self):
        line = b""
        while not self.over.is_set():
            try:
                heard = os.read(self.fd, 256)
            except BlockingIOError:
                heard = b""
            if not heard:
                time.sleep(0.01)
                continue
            for byte in heard:
                if byte not in b"\r\n":
                    line = (b"" if len(line) == MOST_CHARACTERS else line) + bytes([byte])
                    self.say(chr(byte))
                elif line:
                    self.take(words(line.decode("latin-1").encode("latin-1").decode("utf-8", "replace")))
                    line = b""

    def take(self, command: list):
        self.say("\r\n")
        if command:
            known = getattr(self, f"do_{command[0].lower()}", None)
            self.say(known(command[1:]) if known else "Command not found.\r\n")
        self.say(">")

    def do_help(self, _) -> str:
        return ", ".join(["help", *COMMANDS]) + "\r\n"

    def do_devinfo(self, _) -> str:
        return json.dumps({"name": self.name, "board": "ESP32", "tmpl_id": TEMPLATE, "fw_type": TEMPLATE,
                           "fw_ver": "1.4.2"}, separators=(",", ":")) + "\r\n"

    def do_wifi(self, arguments: list) -> str:
        if arguments[:1] == ["scan"]:
            time.sleep(0.3 * PACE)
            return "".join(f"  {ssid:<20} [A4:2B:B0:01:02:{channel:02X}] {security} ch:{channel} rssi:{rssi}\r\n"
                           for ssid, security, channel, rssi in
                           ((SSID, "WPA2", 6, -58), ("Guests", "OPEN", 1, -64)))
        if arguments[:1] == ["add"] and len(arguments) in (2, 3):
            self.network = (arguments[1].encode("latin-1", "replace").decode("utf-8", "replace"), (arguments + [""])[2])
            return ""
        if arguments[:1] == ["info"]:
            lines = [f"mac:{self.mac} ip:{'10.0.0.57' if self.online else '0.0.0.0'} status:{3 if self.online else 6}"]
            if self.online:
                lines.append(f"ssid:{SSID} bssid:A4:2B:B0:01:02:06 rssi:-58dBm")
            if self.error:
                lines.append(f"error: {self.error}")
            return "".join(f"{line}\r\n" for line in lines)
        return ""

    def do_sys(self, _) -> str:
        return "Uptime: 12s\r\n"

    def do_connect(self, arguments: list) -> str:
        if not arguments:
            return "Usage: connect <token> [host]\r\n"
        if len(arguments[0]) != 32:
            return "Error: invalid token size\r\n"
        threading.Thread(target=self.join, args=(arguments[0],), daemon=True).start()
        return "Trying to connect...\r\n"

    def join(self, token: str):
        self.log("State: CONNECTING NET")
        time.sleep(0.5 * PACE)
        ssid, password = self.network or ("", "")
        if (ssid, password) != (SSID, PASSWORD):
            self.error = "NETWORK_NOT_FOUND" if ssid != SSID else "AUTH_FAILED"
            self.log("State: WAIT CONFIG")
            return
        self.error, self.online = None, True
        self.log("State: CONNECTING CLOUD")
        time.sleep(0.3 * PACE)
        self.log("State: RUNNING" if not check_in(token, TEMPLATE, "1.4.2", TEMPLATE) else "State: WAIT CONFIG")
