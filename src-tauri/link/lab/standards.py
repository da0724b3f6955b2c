"""The devices of the open standards on the air: those of improv.py and espressif.py."""
import espressif
import improv
from blesim import serve

serve([device.peripheral for device in improv.DEVICES + espressif.DEVICES])
