/**
 * Files as a person handles them: dragged onto the window with a real pointer, and named in the system's own dialog by
 * keys. WebDriver reaches neither, so both go over the display itself (xdotool); nothing in the app knows of it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from './window.mjs';

const source = fileURLToPath(new URL('file_source.py', import.meta.url));

function xdotool(window, ...args) {
	const said = spawnSync('xdotool', args.map(String), { env: window.env, encoding: 'utf8', timeout: 60_000 });
	if (said.error) throw said.error;
	return said.stdout.trim();
}

/** Drags a file from another program's window onto the app, and lets go in its middle. `above` is called before that. */
export async function drop(window, path, above = async () => {}) {
	const other = spawn('/usr/bin/python3', [source, path], {
		env: window.env,
		stdio: ['ignore', 'pipe', 'inherit']
	});
	const lines = createInterface({ input: other.stdout })[Symbol.asyncIterator]();
	try {
		const ready = await lines.next();
		if (ready.done) throw new Error('no file to drag; `cargo xtask setup` installs python3-gi and GTK');
		xdotool(window, 'mousemove', 80, 30, 'mousedown', 1);
		// A drag begins after a few pixels, and what is below is told of each place on the way.
		for (const [x, y] of [
			[90, 36],
			[120, 60],
			[300, 200],
			[560, 380],
			[600, 400],
			[610, 404]
		])
			xdotool(window, 'mousemove', x, y, 'sleep', 0.05);
		await above();
		xdotool(window, 'mouseup', 1);
		await lines.next();
	} finally {
		other.kill('SIGKILL');
	}
}

/** Answers the system's dialog of this title with a path, by keys alone: one for a place to save, or for a file to open. */
export const saveAs = (window, path) => answer(window, 'Save File', path, 'ctrl+a');
export const openFile = (window, title, path) => answer(window, title, path, 'ctrl+l');

async function answer(window, title, path, first) {
	const id = await until(`the dialog “${title}”`, () =>
		xdotool(window, 'search', '--onlyvisible', '--name', title).split('\n').at(-1)
	);
	// There is no window manager here that would give it the keyboard.
	xdotool(window, 'windowfocus', '--sync', id);
	xdotool(window, 'key', first);
	xdotool(window, 'type', '--delay', 5, path);
	// Enter counts once the dialog has looked the file up; it goes to the dialog and to nothing behind it.
	await until('the dialog gone', () => {
		const left = xdotool(window, 'search', '--onlyvisible', '--name', title);
		if (!left.split('\n').includes(id)) return true;
		xdotool(window, 'key', '--window', id, 'Return', 'sleep', 0.3);
		return false;
	});
}
