"""A serial cable that a test can break: a port at LINK that carries bytes to and from the device's own port, and comes
apart when the host says WORD. Prints `ready` when it is plugged in, and `broken` when it is not any more."""

import os
import select
import sys
import tty

device, link, word = sys.argv[1], sys.argv[2], sys.argv[3].encode()
near, far = os.openpty()
tty.setraw(far)
port = os.open(device, os.O_RDWR | os.O_NOCTTY)
tty.setraw(port)
os.symlink(os.ttyname(far), link)
print("ready", flush=True)
heard = b""
while word not in heard:
    readable, _, _ = select.select([near, port], [], [])
    if port in readable:
        os.write(near, os.read(port, 4096))
    if near in readable:
        said = os.read(near, 4096)
        # What it carries is kept only as far as a word may have begun.
        heard = (heard + said)[-64:]
        if word not in heard:
            os.write(port, said)
os.unlink(link)
for end in (near, far, port):
    os.close(end)
print("broken", flush=True)
