/**
 * A shelf of USB sockets: a socket is a link in a folder, and a device is plugged in by pointing it at the device's port.
 * What the app calls the port is the socket, as with a real hub's by-path names.
 */
import { spawn } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cable = fileURLToPath(new URL('cable.py', import.meta.url));

/** The sockets of a folder, and what can be done with `devices`, which are named by their place in the list. */
export function sockets(folder, devices) {
	const slot = (n) => join(folder, `slot-${n}`);
	return {
		slot,
		plug: (n, device) => symlinkSync(devices[device].port, slot(n)),
		unplug: (n) => rmSync(slot(n)),
		/** Plugs a device in by a cable that comes apart when the host says `word`, and waits until it has. */
		badCable: async (n, device, word) => {
			const spliced = spawn('/usr/bin/python3', [cable, devices[device].port, slot(n), word], {
				stdio: ['ignore', 'pipe', 'inherit']
			});
			try {
				let last;
				for await (const line of createInterface({ input: spliced.stdout })) last = line;
				if (last !== 'broken') throw new Error(`the cable ended with ${last}`);
			} finally {
				spliced.kill('SIGKILL');
			}
		}
	};
}
