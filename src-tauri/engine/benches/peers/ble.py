"""Provisions one Improv device with py-improv-ble-client, and prints what came of it as JSON.

The radio is a socket to a simulated device: only `establish_connection` is replaced, by a client that has the five calls
of bleak's that are used. A write of any length is confirmed, since a system's stack cuts it as the link needs.
"""
import asyncio
import json
import logging
import sys
import time
import types

import improv_ble_client.client as improv
from improv_ble_client.protocol import State


class Characteristics:
    def get_characteristic(self, uuid):
        return uuid


class FakeClient:
    services = Characteristics()
    is_connected = True

    def __init__(self, reader, writer, lost):
        self.reader, self.writer, self.lost = reader, writer, lost
        self.notify, self.answer = {}, None
        self.task = asyncio.create_task(self.listen())

    async def listen(self):
        while line := await self.reader.readline():
            kind, uuid, *rest = line.decode().split()
            value = bytearray.fromhex(rest[0]) if rest else bytearray()
            if kind == "N" and uuid in self.notify:
                await self.notify[uuid](types.SimpleNamespace(uuid=uuid), value)
            elif kind in "VWX" and self.answer and not self.answer.done():
                self.answer.set_result((kind, value))
        self.is_connected = False
        self.lost(self)

    async def exchange(self, line):
        self.answer = asyncio.get_running_loop().create_future()
        self.writer.write(line.encode() + b"\n")
        kind, value = await asyncio.wait_for(self.answer, 30)
        if kind == "X":
            raise RuntimeError("refused")
        return value

    async def start_notify(self, uuid, callback):
        self.notify[uuid] = callback

    async def read_gatt_char(self, uuid):
        return await self.exchange(f"R {uuid}")

    async def write_gatt_char(self, uuid, data, _response):
        await self.exchange(f"W {uuid} {bytes(data).hex()}")

    async def disconnect(self):
        self.writer.close()
        self.is_connected = False


async def main(port, ssid, password):
    async def connect(_class, _device, _name, lost, **_more):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        return FakeClient(reader, writer, lost)

    improv.establish_connection = connect
    began, error = time.perf_counter(), None
    try:
        client = improv.ImprovBLEClient(types.SimpleNamespace(address="-", name="-"))
        # As its users do it: ask, and wait for the person.
        if await client.need_authorization():
            allowed = asyncio.Event()
            await client.subscribe_state_updates(
                lambda state: allowed.set() if state == State.AUTHORIZED else None
            )
            await asyncio.wait_for(allowed.wait(), 60)
        await asyncio.wait_for(client.provision(ssid, password, None), 90)
    except BaseException as thrown:
        error = f"{type(thrown).__name__} {thrown}".strip()
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000, "error": error}), flush=True)


logging.disable(logging.CRITICAL)
asyncio.run(main(*sys.argv[1:4]))
