/**
 * What tests share: the command line's practice servers as processes of their own (a cloud over HTTP, a device on a real
 * pty), a hand in the practice world, the keys of a person without a mouse, and axe.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { cli, KEY, until } from './window.mjs';

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

/** Goes to the button by keyboard and presses it. */
export async function press(window, button) {
	await window.tabTo(button);
	await window.press(KEY.enter);
}

/** Chooses in a list of a few by the first letters of its name, as the keyboard does. */
export async function pick(window, label, text) {
	await window.tabTo(label);
	await window.keys(text);
	await until(`“${text}” in “${label}”`, () =>
		window.run('return document.activeElement.selectedOptions?.[0]?.text.startsWith(arguments[0])', text)
	);
}

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** axe finds nothing on this screen. */
export async function clean(window, screen) {
	await window.run(axe);
	await window.run(
		'window.found = null; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }).then((r) => (window.found = r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target + " " + n.failureSummary).join(", ")}`)))'
	);
	assert.deepEqual(await until('axe', () => window.run('return window.found')), [], screen);
}
