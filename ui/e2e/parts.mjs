/** The command line's practice servers as processes of their own: a cloud over HTTP, a device on a real pty. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cli } from './window.mjs';

/** Starts one, and gives what its first line says, with a way to end it. */
export async function practice(...args) {
	const server = spawn(cli, ['practice', ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
	const lines = createInterface({ input: server.stdout });
	const ready = await new Promise((done, failed) => {
		lines.once('line', (line) => done(JSON.parse(line)));
		server.once('exit', (code) => failed(new Error(`practice ${args.join(' ')} ended with ${code}`)));
		server.once('error', failed);
	});
	return { ...ready, end: () => server.kill('SIGKILL') };
}
