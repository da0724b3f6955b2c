"""What the devices of jobs in the lab have in common: the network that is there, and the cloud at which they check in.

$FIRSTLIGHT_LAB_CLOUD is the practice cloud (http://127.0.0.1:PORT); $FIRSTLIGHT_LAB_SSID, $FIRSTLIGHT_LAB_PASSWORD and
$FIRSTLIGHT_LAB_TEMPLATE name the one network and the firmware's template. $FIRSTLIGHT_LAB_PACE scales all delays (1: a
second for what takes a real device 5 to 50). Not here: any protocol (inject.py, improv.py, espressif.py).
"""
import asyncio
import os
import urllib.error
import urllib.parse
import urllib.request

CLOUD = os.environ.get("FIRSTLIGHT_LAB_CLOUD", "http://127.0.0.1:18080")
SSID = os.environ.get("FIRSTLIGHT_LAB_SSID", "Workshop 2G")
PASSWORD = os.environ.get("FIRSTLIGHT_LAB_PASSWORD", "correct horse")
TEMPLATE = os.environ.get("FIRSTLIGHT_LAB_TEMPLATE", "TMPL4xYzAbCdE")
PACE = float(os.environ.get("FIRSTLIGHT_LAB_PACE", "1"))

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


async def nap(seconds: float):
    await asyncio.sleep(seconds * PACE)


def check_in(token: str, template: str, version: str, firmware_type: str) -> str:
    """What the cloud says to the token: '', 'auth_failed' or 'cloud_timeout'."""
    query = urllib.parse.urlencode({"token": token, "templateId": template, "ver": version, "fwType": firmware_type})
    try:
        urllib.request.urlopen(f"{CLOUD}/external/api/provision?{query}", timeout=10).read()
        return ""
    except urllib.error.HTTPError as e:
        return "auth_failed" if e.code == 400 else "cloud_timeout"
    except OSError:
        return "cloud_timeout"
