"""Sixteen devices of Blynk's BLE dialects on the air at once (inject.py), for a batch."""
from blesim import serve
from inject import EdgentArduino, EdgentIdf, Linux, Particle

serve([kind(f"Crowd {number:02}", f"24:6F:28:33:00:{number:02X}", f"C0:00:00:00:08:{number:02X}").peripheral
       for number, kind in enumerate([EdgentArduino, EdgentIdf, Particle, Linux] * 4, 1)])
