"""Peripherals for tests/lab.rs: they answer what they are written, and misbehave when the test says so.

Not here: devices that speak a provisioning protocol (inject.py).
"""
import os

from blesim import Characteristic, Peripheral, Service, serve

if os.environ.get("BLESIM_BACKEND") == "fake":
    # The stand-in's timers outlive the device that they were made for, and 30 s later take its successor away, connected
    # or not. BlueZ does not do this.
    from blesim import fakebluez

    def forget(self):
        if self.forget_timer:
            self.forget_timer.cancel()
        if self.bluez.objects.get(self.path) is self:
            self.bluez.remove_object(self.path)

    fakebluez.FakeDevice.forget = forget


def uuid(short: int) -> str:
    return "%08x-b1e5-4000-8000-00805f9b34fb" % short


SERVICE, COMMAND, STATUS, COUNT = uuid(0xEC00), uuid(0xEC01), uuid(0xEC02), uuid(0xEC03)
FIRST, SECOND, SHARED, ANSWER = uuid(0xEC10), uuid(0xEC20), uuid(0xEC11), uuid(0xEC12)
DESCRIPTION = "2901"


async def upside_down(p, char, data):
    await p.notify(STATUS, data[::-1])


async def greet(p, char, data):
    """Says something and hangs up as soon as it was heard: the last words must not be lost."""
    await p.notify(STATUS, b"bye")
    await p.disconnect()


def echo(name: str, on_write=upside_down, tells="notify", **more) -> Peripheral:
    return Peripheral(name, [Service(SERVICE, [
        Characteristic(COMMAND, "write,write_without_response", on_write=on_write),
        Characteristic(STATUS, f"read,{tells}", b"\x00", descriptors={DESCRIPTION: b"status"}),
        Characteristic(COUNT, "read", b"\x2a", descriptors={DESCRIPTION: b"count"}),
    ])], **more)


def answering(word: bytes):
    async def on_write(p, char, data):
        service = next(s for s in p.services if char in s.characteristics)
        answer = next(c for c in service.characteristics if c.uuid == ANSWER)
        await p.backend.notify(p, answer, word)
    return on_write


def twin(service: str, word: bytes) -> Service:
    return Service(service, [
        Characteristic(SHARED, "write", on_write=answering(word)),
        Characteristic(ANSWER, "notify"),
    ])


serve([
    *(echo(f"echo-{n}", address=f"C0:00:00:00:00:{n:02X}") for n in range(1, 17)),
    echo("bench", on_write=None, address="C0:00:00:00:01:00"),
    echo("small", mtu=64, address="C0:00:00:00:01:01"),
    echo("nameless", adv_name=False, address="C0:00:00:00:01:02"),
    # Indications: what is merely notified right before the end, bluetoothd may throw away unread.
    echo("last-words", on_write=greet, tells="indicate", address="C0:00:00:00:01:03"),
    Peripheral("twins", [twin(FIRST, b"first"), twin(SECOND, b"second")], address="C0:00:00:00:01:04",
               adv_services=[SERVICE]),
    Peripheral("foreign", [Service("180f", [Characteristic("2a19", "read", b"\x64")])], address="C0:00:00:00:01:05"),
])
