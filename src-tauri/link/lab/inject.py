"""Devices that speak Blynk's BLE protocol ("Inject"), one of each dialect, for whole jobs in the lab.

Written from section 3 of the reference of the device protocols, independent of the Rust code that it tests. They check in
at the practice cloud in $FIRSTLIGHT_LAB_CLOUD as a real device does after it got its token (devices.py).

Not here: real timing, BLE firmware update, static addresses, Ethernet and SIM.
"""
import asyncio
import json
import re
import uuid

from blesim import Characteristic, Peripheral, Service, serve
from devices import PASSWORD, SSID, TEMPLATE, check_in, nap

SERVICE, RX, TX, RAW = (f"95e3000{n}-5737-45a9-a092-a88e2e5dd659" for n in range(1, 5))
KEYS = {"if", "ssid", "pass", "blynk", "host", "ip", "mask", "gw", "dns", "dns2", "save"}
LONGEST_OUTPUT = 255  # Edgent's buffers: longer JSON is cut, hence invalid
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
# 2.2; the words are what the events say, the numbers what `last_error` says
REASONS = {"timeout": 701, "cloud_timeout": 702, "auth_failed": 703, "not_found": 720, "invalid_credentials": 722}

class Device:
    """What all dialects have in common; a dialect overrides what it does otherwise."""

    tx = "indicate"
    longest_ssid, longest_pass, longest_host = 32, 64, 200
    caps = None

    def __init__(self, name: str, mac: str, address: str):
        self.name, self.mac = name, mac
        self.staged, self.network, self.token = {}, None, None
        self.last_error = 0
        self.joining = None
        self.peripheral = Peripheral(name, [Service(SERVICE, [
            Characteristic(RX, "write,write_without_response", on_write=self.on_write),
            Characteristic(TX, self.tx),
            *([Characteristic(RAW, "write,write_without_response")] if self.caps else []),
        ])], address=address, mtu=256, on_connect=self.on_connect, on_disconnect=self.on_disconnect)
        self.queue = asyncio.Queue()
        self.worker = None

    # ---- the link
    def on_connect(self, _):
        if self.worker is None:
            self.worker = asyncio.ensure_future(self.work())

    def on_disconnect(self, _):
        if self.joining is None or self.joining.done():
            self.drop_staged()  # what was staged before `connect` is dropped

    def on_write(self, _, char, data):
        self.queue.put_nowait(bytes(data))

    async def work(self):
        """One message after the other, as the firmware's main loop does."""
        while True:
            data = await self.queue.get()
            try:
                message = json.loads(data)
                assert isinstance(message, dict)
            except (ValueError, AssertionError):
                await self.wrong_format()
                continue
            handler = getattr(self, f"do_{message.pop('t', '')}", None)
            if handler:
                await handler(message)
            else:
                await self.unknown_command()

    async def say(self, **message):
        await self.say_raw(json.dumps(message, separators=(",", ":"), ensure_ascii=False))

    async def say_raw(self, text: str):
        if self.peripheral.connected:
            await self.peripheral.notify(TX, text.encode()[:LONGEST_OUTPUT])

    async def wrong_format(self):
        await self.say(t="error", msg="wrong format")

    async def unknown_command(self):
        await self.say(t="error", msg="invalid command")

    # ---- commands
    def info(self) -> dict:
        return {"vendor": "Acme", "tmpl_id": TEMPLATE, "fw_type": TEMPLATE, "fw_ver": "1.4.2", "name": self.name}

    async def do_info(self, _):
        await self.say(t="info", **self.info())

    def interfaces(self) -> list:
        return [{"name": "wifi", "mac": self.mac, "scan": 1, "5ghz": 0, "static_ip": 1}]

    async def do_ifs(self, _):
        await self.say(t="ifs_start")
        for interface in self.interfaces():
            await self.say(t="if", **interface)
        await self.say(t="ifs_end")

    def networks(self) -> list:
        return [(SSID, "A4:2B:B0:01:02:03", -58, "WPA2", 6), (SSID, "A4:2B:B0:01:02:04", -71, "WPA2", 11),
                ("Guests", "A4:2B:B0:01:02:05", -64, "OPEN", 1), ("Office", "A4:2B:B0:01:02:06", -70, "WPA2 ENT", 6)]

    async def do_scan(self, _):
        await self.say(t="scan_start")
        await nap(0.3)
        for ssid, bssid, rssi, security, channel in self.networks():
            await self.say_network(ssid, bssid, rssi, security, channel)
        await self.say(t="scan_end")

    async def say_network(self, ssid, bssid, rssi, sec, ch):
        await self.say(t="scan", ssid=ssid, bssid=bssid, rssi=rssi, sec=sec, ch=ch)

    def takes(self, key: str, value) -> bool:
        longest = {"ssid": self.longest_ssid, "pass": self.longest_pass, "host": self.longest_host, "blynk": 32}
        return key in KEYS and len(str(value).encode()) <= longest.get(key, 15)

    async def do_set(self, values):
        known = {key: value for key, value in values.items() if self.takes(key, value)}
        self.staged.update(known)  # merged; the known keys are applied even if another one is refused
        await self.say(t="set_ok" if len(known) == len(values) else "set_fail")

    def is_complete(self) -> bool:
        s = self.staged
        return bool(TOKEN.fullmatch(s.get("blynk", ""))) and s.get("if") == "wifi" and bool(s.get("ssid"))

    async def do_connect(self, _):
        if not self.is_complete():
            await self.say(t="connect_fail", msg="configuration invalid")
            return
        await self.say(t="connecting")
        self.joining = asyncio.ensure_future(self.join(dict(self.staged)))

    async def do_reset(self, _):
        self.network = None
        await self.say(t="reset_ok")

    async def do_reboot(self, _):
        self.drop_staged()
        await self.peripheral.disconnect()

    def drop_staged(self):
        self.staged = {}

    # ---- on the way to the cloud
    async def join(self, staged: dict):
        raise NotImplementedError

    def trouble_of_network(self, staged: dict) -> str:
        self.network = staged.get("ssid")  # stored right or wrong
        if staged.get("ssid") != SSID or len(SSID.encode()) > 31:
            return "not_found"
        return "" if staged.get("pass", "") == PASSWORD else "invalid_credentials"

    async def cloud(self, staged: dict) -> str:
        info = self.info()
        return await asyncio.to_thread(
            check_in, staged["blynk"], info["tmpl_id"], info["fw_ver"], info["fw_type"])


class EdgentArduino(Device):
    """Tells everything live; the link stays up; after a failure it waits for a whole new configuration."""

    caps = ["live_status"]

    def info(self):
        return {**super().info(), "uid": str(uuid.uuid5(uuid.NAMESPACE_DNS, self.name)), "caps": self.caps}

    async def join(self, staged):
        await self.say(t="status", s="connecting_net")
        await nap(0.5)
        if trouble := self.trouble_of_network(staged):
            self.drop_staged()
            await self.say(t="net_fail", reason=trouble)
            return
        await self.say(t="net_status", **{"if": "wifi"}, state="CONNECTED", ssid=staged["ssid"],
                       bssid="A4:2B:B0:01:02:03", ip="10.0.0.57", rssi=-61)
        await self.say(t="status", s="connecting_cloud")
        await nap(0.5)
        if trouble := await self.cloud(staged):
            self.drop_staged()
            await self.say(t="cloud_fail", reason="timeout" if trouble == "cloud_timeout" else trouble)
            return
        if not staged.get("host"):
            self.drop_staged()
            await self.say(t="connect_fail", msg="failed to store configuration")
            return
        self.token = staged["blynk"]
        await self.say(t="status", s="connected")


class EdgentIdf(Device):
    """Says nothing after `connecting`, nor to unknown commands; scan entries are not escaped."""

    longest_ssid, longest_pass, longest_host = 31, 63, 127

    def info(self):
        return {**super().info(), "last_error": self.last_error}

    async def wrong_format(self):
        pass

    async def unknown_command(self):
        pass

    def networks(self):
        return super().networks() + [('The "Corner" Shop', "A4:2B:B0:01:02:07", -80, "WPA2", 3)]

    async def say_network(self, ssid, bssid, rssi, sec, ch):
        await self.say_raw(f'{{"t":"scan","ssid":"{ssid}","bssid":"{bssid}","rssi":{rssi},"sec":"{sec}","ch":{ch}}}')

    async def do_set(self, values):
        if any(len(str(v).encode()) > self.limit(k) for k, v in values.items()):
            await self.do_reboot({})  # an assert
            return
        await super().do_set(values)

    def limit(self, key: str) -> int:
        return {"ssid": 31, "pass": 63, "host": 127, "blynk": 32}.get(key, 15)

    async def do_connect(self, message):
        if not self.is_complete():
            await self.say(t="connect_fail", msg="invalid config")
            return
        await super().do_connect(message)

    async def join(self, staged):
        await nap(1)
        trouble = self.trouble_of_network(staged) or await self.cloud(staged)
        self.last_error = REASONS[trouble] if trouble else 0
        self.drop_staged()
        if not trouble:
            self.token = staged["blynk"]


class Particle(Device):
    """Hangs up at once after `connecting`, and comes back on the air with a `last_error` if it failed."""

    tx = "notify"

    def info(self):
        return {**super().info(), "last_error": self.last_error}

    def interfaces(self):
        return [{"name": "wifi", "mac": self.mac, "scan": 1, "static_ip": 0}]

    async def join(self, staged):
        await nap(0.1)
        await self.peripheral.disconnect()
        await nap(1)
        trouble = self.trouble_of_network(staged) or await self.cloud(staged)
        # It gives no finer reasons than these.
        self.last_error = {"": 0, "auth_failed": 703, "cloud_timeout": 702}.get(trouble, 701)
        self.drop_staged()
        if not trouble:
            self.token = staged["blynk"]


class Linux(Device):
    """The PyPI library: takes all keys or none, and says `connected` before it has tried the cloud."""

    tx = "notify"

    def info(self):
        return {**super().info(), "fw_type": "0"}

    def interfaces(self):
        return [{"name": "wifi", "mac": self.mac, "scan": 1, "static_ip": 0, "status": "unavailable"}]

    def networks(self):
        strongest = {}
        for network in sorted(super().networks(), key=lambda network: -network[2]):
            strongest.setdefault(network[0], network)
        return list(strongest.values())

    def takes(self, key, value):
        return super().takes(key, value) and key != "save" or key in ("pin", "apn", "templateId")

    async def do_set(self, values):
        if all(self.takes(key, value) for key, value in values.items()):
            self.staged.update(values)
            await self.say(t="set_ok")
        else:
            await self.say(t="set_fail")

    async def do_reboot(self, _):
        pass

    def is_complete(self):
        return len(self.staged.get("blynk", "")) == 32

    async def join(self, staged):
        await self.say(t="status", s="connecting_net")
        await nap(0.5)
        if trouble := self.trouble_of_network(staged):
            for key in ("ssid", "pass", "if"):
                self.staged.pop(key, None)  # token and host are kept
            await self.say(t="net_fail", reason=trouble)
            return
        await self.say(t="status", s="connecting_cloud")
        await self.say(t="status", s="connected")
        self.token = staged["blynk"]
        await nap(1)
        await self.cloud(staged)  # whatever comes of it: nobody is told


def devices() -> list:
    return [
        EdgentArduino("Acme Pump-K3M7", "24:6F:28:11:22:33", "C0:00:00:00:02:01"),
        EdgentIdf("Acme Valve-IDF1", "24:6F:28:11:22:43", "C0:00:00:00:02:02"),
        Particle("Acme Meter-P2AB", "24:6F:28:11:22:53", "C0:00:00:00:02:03"),
        Linux("Acme Gateway-LX", "24:6F:28:11:22:63", "C0:00:00:00:02:04"),
    ]


if __name__ == "__main__":
    serve([device.peripheral for device in devices()])
