/**
 * What tests share: the command line's practice servers as processes of their own (a cloud over HTTP, a device on a real
 * pty), and a hand in the practice world.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cli, until } from './window.mjs';

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

/** A hand in the practice world: `make_trouble`, `plug`, `end_troubles`. */
export const hand = (window, command, args = {}) =>
	window
		.run(
			'window.done = null; window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(() => (window.done = "done"), (e) => (window.done = JSON.stringify(e)))',
			command,
			args
		)
		.then(() => until(command, () => window.run('return window.done')))
		.then((done) => assert.equal(done, 'done', command));
