"""Devices that speak Improv over BLE, for whole jobs in the lab.

Written from the reference of Improv (sections 1, 2 and 4), independent of the Rust code that they test. One at a packet size of
23, where results are cut and commands come in pieces, one at 247; each takes a token by a carrier of its own, if it is
given one, and then checks in at the cloud. After a job they are as new. Not here: an implementation by others
(improv-device), authorization, serial.
"""
import asyncio

from blesim import Characteristic, Peripheral
from blesim import Service as Gatt
from devices import PASSWORD, SSID, TEMPLATE, check_in, nap

SERVICE, STATE, ERROR, COMMAND, RESULT, CAPABILITIES = (
    f"00467768-6228-2272-4663-27747826800{n}" for n in range(6))
ADVERTISED = "4677"
READY, PROVISIONING, PROVISIONED = 2, 3, 4
NONE, INVALID, UNKNOWN_COMMAND, UNABLE = 0, 1, 2, 3
WIFI, IDENTIFY, INFO, SCAN = 1, 2, 3, 4
CAN = 0b0111  # identify, device info, scan


def strings(data: bytes) -> list:
    """Each behind its length; None if one runs over the end."""
    found = []
    while data:
        length, data = data[0], data[1:]
        if length > len(data):
            return None
        found.append(data[:length])
        data = data[length:]
    return found


def packet(command: int, *texts: str) -> bytes:
    data = b"".join(bytes([len(t.encode())]) + t.encode() for t in texts)
    body = bytes([command, len(data)]) + data
    return body + bytes([sum(body) & 0xFF])


class Improv:
    def __init__(self, address: str, mtu: int, carrier: str, result_first: bool):
        self.carrier, self.result_first = carrier, result_first
        self.state, self.token, self.buffer = READY, None, b""
        self.joining = None
        self.peripheral = Peripheral(
            f"improv-{mtu}", [Gatt(SERVICE, [
                Characteristic(STATE, "read,notify", bytes([READY])),
                Characteristic(ERROR, "read,notify", b"\x00"),
                Characteristic(COMMAND, "write", on_write=self.on_write),
                Characteristic(RESULT, "read,notify"),
                Characteristic(CAPABILITIES, "read", bytes([CAN])),
            ])], address=address, mtu=mtu, adv_name=False,  # flags, service and service data fill the packet
            service_data={ADVERTISED: self.advert()}, on_disconnect=self.on_disconnect)

    def advert(self) -> bytes:
        return bytes([self.state, CAN, 0, 0, 0, 0])

    async def tell(self, characteristic: str, data: bytes):
        # What is longer than a packet is cut there; whoever wants the rest reads it.
        self.peripheral.characteristic(characteristic).value = data
        if self.peripheral.connected:
            await self.peripheral.notify(characteristic, data)

    async def become(self, state: int):
        self.state = state
        self.peripheral.service_data = {key: self.advert() for key in self.peripheral.service_data}
        await self.tell(STATE, bytes([state]))

    async def on_disconnect(self, _):
        self.buffer = b""
        if self.joining:
            await self.joining
            # As a person would, between two rounds: back to what it was when it left the factory.
            self.joining, self.token = None, None
            await self.become(READY)
            await self.peripheral.start_advertising()

    async def on_write(self, _, char, data):
        # Pieces have neither a header nor an offset.
        self.buffer += bytes(data)
        if len(self.buffer) < 2 or len(self.buffer) < self.buffer[1] + 3:
            return
        whole, self.buffer = self.buffer, b""
        if len(whole) != whole[1] + 3 or sum(whole[:-1]) & 0xFF != whole[-1]:
            await self.tell(ERROR, bytes([INVALID]))
            return
        await self.command(whole[0], whole[2:-1])

    async def command(self, command: int, data: bytes):
        if command == IDENTIFY:
            return
        if command == INFO:
            await self.tell(RESULT, packet(INFO, "Lab Lamp", "1.4.2", "ESP32-C3", self.peripheral.name))
        elif command == SCAN:
            await nap(0.3)
            await self.tell(RESULT, packet(SCAN, SSID, "-58", "WPA2", SSID, "-71", "WPA2", "Guests", "-64", "NO",
                                           "Büro", "-80", "WPA/WPA2"))
        elif command == WIFI and (given := strings(data)) and len(given) >= 2:
            if len(given) == 3 and self.carrier == "third-string":
                self.token = given[2].decode()
            self.joining = asyncio.ensure_future(self.join(given[0].decode(), given[1].decode()))
        elif self.carrier == f"vendor:{command}" and (given := strings(data)) and len(given) == 2:
            self.token = given[0].decode()
            await self.tell(RESULT, packet(command))
        elif command == WIFI:
            await self.tell(ERROR, bytes([INVALID]))
        else:
            await self.tell(ERROR, bytes([UNKNOWN_COMMAND]))

    async def join(self, ssid: str, password: str):
        await self.tell(ERROR, bytes([NONE]))
        await self.become(PROVISIONING)
        await nap(0.7)
        if (ssid, password) != (SSID, PASSWORD):
            await self.tell(ERROR, bytes([UNABLE]))
            await self.become(READY)
            return
        result = packet(WIFI, "http://10.0.0.57/")
        if self.result_first:
            await self.tell(RESULT, result)
            await self.become(PROVISIONED)
        else:
            await self.become(PROVISIONED)
            await self.tell(RESULT, result)
        if self.token:
            await asyncio.to_thread(check_in, self.token, TEMPLATE, "1.4.2", TEMPLATE)


DEVICES = [
    Improv("C0:00:00:00:05:17", 23, "vendor:144", result_first=False),
    Improv("C0:00:00:00:05:F7", 247, "third-string", result_first=True),
]
