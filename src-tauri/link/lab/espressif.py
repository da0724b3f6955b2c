"""Devices with Espressif's unified provisioning over BLE, for whole jobs in the lab: security 1 and 2, at 23 and 247 bytes a packet.

Written from the reference of Espressif's provisioning (sections 2 to 8), independent of the Rust code that they test; curve
and ciphers are those of PyPI's `cryptography`, the group's prime is computed as its RFC defines it. The devices with the
small packets count no nonces (patch version 0), the others do. After a job they are as new. Not here: security 0, the
console, Thread.
"""
import asyncio
import hashlib
import json
import os

from blesim import AttError, Characteristic, Peripheral
from blesim import Service as Gatt
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from devices import PASSWORD, SSID, TEMPLATE, check_in, nap

SERVICE = "1775{:04x}-6b43-439b-877c-060f2d9bed07"
ENDPOINTS = {"prov-ctrl": 0xFF4F, "prov-scan": 0xFF50, "prov-session": 0xFF51, "prov-config": 0xFF52, "proto-ver": 0xFF53,
             "custom-data": 0xFF54}
DESCRIPTION = "2901"
INVALID_PDU = 0x04  # what NimBLE says to a refused request
PROOF, USER = "abcd1234", "wifiprov"
CONNECTED, CONNECTING, FAILED = 0, 1, 3
WRONG_PASSWORD, NO_SUCH_NETWORK = 0, 1


class Refused(Exception):
    pass


# ---- protobuf, as far as these messages go
def varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers take ten bytes
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def message(*fields) -> bytes:
    """(number, value) each: a number that is not zero, or bytes (also empty ones: a message within)."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += varint(number << 3 | 2) + varint(len(value)) + value
        elif value:
            out += varint(number << 3) + varint(value)
    return out


def parsed(data: bytes) -> dict:
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(data):
                raise Refused("a message that ends too early")
            byte, at = data[at], at + 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        elif key & 7 == 2:
            length = number()
            if at + length > len(data):
                raise Refused("a field that ends too late")
            found[key >> 3], at = data[at:at + length], at + length
        else:
            raise Refused("a kind of field that these messages have not got")
    return found


# ---- security 1
class Curve:
    version = 1

    def __init__(self, patch: int):
        self.patch, self.stream = patch, None

    def handshake(self, request: bytes) -> bytes:
        session = parsed(request)
        if session.get(2) != 1 or 11 not in session:
            raise Refused("another scheme")
        payload = parsed(session[11])
        if payload.get(1, 0) == 0:
            self.theirs = parsed(payload[20])[1]
            mine = X25519PrivateKey.generate()
            self.mine = mine.public_key().public_bytes_raw()
            shared = mine.exchange(X25519PublicKey.from_public_bytes(self.theirs))
            key = bytes(a ^ b for a, b in zip(shared, hashlib.sha256(PROOF.encode()).digest()))
            nonce = os.urandom(16)
            # One running stream for both directions.
            self.handshaking = Cipher(algorithms.AES(key), modes.CTR(nonce)).encryptor()
            answer = message((1, 1), (21, message((2, self.mine), (3, nonce))))
        else:
            if self.handshaking.update(parsed(payload[22])[2]) != self.mine:
                raise Refused("a wrong proof of possession")
            self.stream = self.handshaking
            answer = message((1, 3), (23, message((3, self.stream.update(self.theirs)))))
        return message((2, 1), (11, answer))

    def opened(self, data: bytes) -> bytes:
        if not self.stream:
            raise Refused("no session")
        return self.stream.update(data)

    closed = opened


# ---- security 2
def pi_times_two_to(bits: int) -> int:
    """By Machin's formula, with bits to spare."""
    one = 1 << (bits + 64)

    def arctan_of_inverse(n: int) -> int:
        total = term = one // n
        k, sign = 3, -1
        while term:
            term //= n * n
            total += sign * (term // k)
            k, sign = k + 2, -sign
        return total

    return (4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))) >> 64


# RFC 3526, group 15, which RFC 5054 takes for its 3072 bits.
N = 2 ** 3072 - 2 ** 3008 - 1 + 2 ** 64 * (pi_times_two_to(2942) + 1690314)
G = 5


def digest(*parts: bytes) -> bytes:
    return hashlib.sha512(b"".join(parts)).digest()


def padded(number: int) -> bytes:
    return number.to_bytes(384, "big")


def stripped(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def integer(data: bytes) -> int:
    return int.from_bytes(data, "big")


class Password:
    version = 2

    def __init__(self, patch: int):
        self.patch, self.cipher = patch, None

    def handshake(self, request: bytes) -> bytes:
        session = parsed(request)
        if session.get(2) != 2 or 12 not in session:
            raise Refused("another scheme")
        payload = parsed(session[12])
        if payload.get(1, 0) == 0:
            hello = parsed(payload[20])
            self.user, self.theirs = hello[1], hello[2]
            if self.user != USER.encode() or len(self.theirs) != 384:
                raise Refused("another user, or a key of another length")
            self.salt = os.urandom(16)
            x = integer(digest(self.salt, digest(self.user + b":" + PROOF.encode())))
            verifier, secret = pow(G, x, N), integer(os.urandom(32))
            k = integer(digest(padded(N), padded(G)))
            public = (k * verifier + pow(G, secret, N)) % N
            self.mine = stripped(public)
            u = integer(digest(padded(integer(self.theirs)), padded(public)))
            shared = pow(integer(self.theirs) * pow(verifier, u, N) % N, secret, N)
            self.key = digest(stripped(shared))
            answer = message((1, 1), (21, message((2, self.mine), (3, self.salt))))
        else:
            group = bytes(a ^ b for a, b in zip(digest(padded(N)), digest(padded(G))))
            proof = digest(group, digest(self.user), self.salt, self.theirs, self.mine, self.key)
            if parsed(payload[22])[1] != proof:
                raise Refused("a wrong password")
            self.nonce, self.count = os.urandom(8), 1
            self.cipher = AESGCM(self.key[:32])
            nonce = self.nonce + self.count.to_bytes(4, "big")
            answer = message((1, 3), (23, message((2, digest(self.theirs, proof, self.key)), (3, nonce))))
        return message((2, 2), (12, answer))

    def next_nonce(self) -> bytes:
        if not self.cipher:
            raise Refused("no session")
        nonce = self.nonce + self.count.to_bytes(4, "big")
        self.count += self.patch
        return nonce

    def opened(self, data: bytes) -> bytes:
        return self.cipher.decrypt(self.next_nonce(), data, None) if self.cipher else self.next_nonce()

    def closed(self, data: bytes) -> bytes:
        return self.cipher.encrypt(self.next_nonce(), data, None)


# ---- the device
class Espressif:
    def __init__(self, scheme, mtu: int, address: str):
        self.scheme, self.patch = scheme, int(mtu > 23)
        self.session, self.answers = None, {}
        self.restart()
        self.peripheral = Peripheral(
            f"PROV_S{scheme.version}M{mtu}", [Gatt(SERVICE.format(0x244D), [
                Characteristic(SERVICE.format(number), "read,write", check_write=self.on_write, on_read=self.on_read,
                               descriptors={DESCRIPTION: name.encode()})
                for name, number in ENDPOINTS.items()])],
            address=address, mtu=mtu, on_connect=self.on_connect, on_disconnect=self.on_disconnect)

    def restart(self):
        self.token, self.config, self.state, self.reason, self.ended = None, None, None, None, None

    def on_connect(self, _):
        self.session, self.answers = self.scheme(self.patch), {}

    async def on_disconnect(self, _):
        self.session = None
        if self.state == CONNECTED:
            # The firmware would be gone for good; here the next round takes it up as new.
            await self.peripheral.stop_advertising()
            await nap(0.5)
            self.restart()
            await self.peripheral.start_advertising()

    def on_read(self, _, char) -> bytes:
        return self.answers.get(char.uuid, b"")

    async def on_write(self, _, char, data):
        """The handler runs before the write is confirmed."""
        name = char.descriptors[DESCRIPTION].decode()
        try:
            self.answers[char.uuid] = await self.answer(name, bytes(data))
        except Exception as why:
            print(f"{self.peripheral.name}: {name} refused: {type(why).__name__} {why}", flush=True)
            raise AttError(INVALID_PDU)

    async def answer(self, name: str, data: bytes) -> bytes:
        if name == "proto-ver":
            return json.dumps({"prov": {"ver": "netprov-v1.2", "sec_ver": self.scheme.version, "sec_patch_ver": self.patch,
                                        "cap": ["wifi_prov", "wifi_scan"]}}, indent="\t").encode()
        if name == "prov-session":
            return self.session.handshake(data)
        handler = getattr(self, "do_" + name.replace("-", "_"))
        return self.session.closed(await handler(self.session.opened(data)))

    async def do_custom_data(self, data: bytes) -> bytes:
        self.token = data.decode()
        return b"SUCCESS\0"

    async def do_prov_scan(self, data: bytes) -> bytes:
        request = parsed(data)
        kind = request.get(1, 0)
        networks = [(SSID, 6, -58, 3), (SSID, 11, -71, 3), ("Guests", 1, -64, 0), ("Office", 6, -70, 5), ("Büro", 3, -80, 7)]
        if kind == 0:
            await nap(0.3)
            return message((1, 1), (11, b""))
        if kind == 2:
            return message((1, 3), (13, message((1, 1), (2, len(networks)))))
        asked = parsed(request[14])
        first = asked.get(1, 0)
        entries = [
            (1, message((1, ssid.encode()), (2, channel), (3, rssi), (4, bytes([0xA4, 0x2B, 0xB0, 0, 0, channel])), (5, auth)))
            for ssid, channel, rssi, auth in networks[first:first + asked.get(2, 0)]]
        return message((1, 5), (15, message(*entries)))

    async def do_prov_ctrl(self, data: bytes) -> bytes:
        if parsed(data).get(1, 0) != 1:
            raise Refused("nothing to do")
        self.state, self.config = None, None
        return message((1, 2), (12, b""))

    async def do_prov_config(self, data: bytes) -> bytes:
        request = parsed(data)
        kind = request.get(1, 0)
        if kind == 2:
            wifi = parsed(request[12])
            self.config = (wifi.get(1, b"").decode(), wifi.get(2, b"").decode())
            return message((1, 3), (13, b""))
        if kind == 4:
            if not self.config or self.state is not None:
                return message((1, 5), (15, message((1, 5))))
            self.state = CONNECTING
            self.ended = asyncio.ensure_future(self.join())
            return message((1, 5), (15, b""))
        state, more = CONNECTING if self.state is None else self.state, b""
        if state == CONNECTED:
            asyncio.ensure_future(self.stop())
            more = message((11, message((1, b"10.0.0.57"), (2, 3), (3, SSID.encode()), (4, b"\xa4\x2b\xb0\0\0\6"), (5, 6))))
        elif state == FAILED:
            more = varint(10 << 3) + varint(self.reason)  # one of several, so that a zero is sent as well
        return message((1, 1), (11, message((2, state)) + more))

    async def join(self):
        await nap(1)
        ssid, password = self.config
        if ssid != SSID or password != PASSWORD:
            self.reason = NO_SUCH_NETWORK if ssid != SSID else WRONG_PASSWORD
            self.state = FAILED
            return
        self.state = CONNECTED
        if self.token:
            await asyncio.to_thread(check_in, self.token, TEMPLATE, "1.4.2", TEMPLATE)

    async def stop(self):
        """A second after it told that it is connected, the service ends, and with it the link."""
        await nap(1)
        await self.peripheral.disconnect()


DEVICES = [
    Espressif(Curve, 23, "C0:00:00:00:06:17"),
    Espressif(Curve, 247, "C0:00:00:00:06:F7"),
    Espressif(Password, 23, "C0:00:00:00:07:17"),
    Espressif(Password, 247, "C0:00:00:00:07:F7"),
]
