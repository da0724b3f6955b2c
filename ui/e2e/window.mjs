/**
 * The built app in its real window: WebKitGTK on a virtual display, driven over WebDriver, with nothing between.
 *
 * Each test gets a fresh app, a fresh display, a session bus and a state folder of its own. It waits for states, with a
 * bound, and leaves a screenshot.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
export const app = join(target, 'debug/firstlight-desktop');
export const cli = join(target, 'debug/firstlight');
const shots = process.env.FIRSTLIGHT_SHOTS ?? join(target, 'screenshots');
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
/** The longest that any state may take: practice runs at a fifth of the devices' real times, on a busy machine. */
const BOUND_MS = 60_000;

export const KEY = {
	enter: '\uE007',
	tab: '\uE004',
	escape: '\uE00C',
	down: '\uE015',
	end: '\uE010',
	up: '\uE013',
	control: '\uE009',
	backspace: '\uE003'
};

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until the answer is something, and gives it. */
export async function until(what, ask, bound = BOUND_MS) {
	let last;
	for (const began = Date.now(); Date.now() - began < bound; await sleep(30)) {
		try {
			const answer = await ask();
			if (answer) return answer;
		} catch (error) {
			last = error;
		}
	}
	throw new Error(`waited ${bound} ms for ${what}${last ? `: ${last.message}` : ''}`);
}

const freePort = () =>
	new Promise((done) => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});

export class Window {
	#base;
	#session;
	#shown;
	#env;
	#args;
	#ends = [];
	#driver;

	/** Opens the app; `size` is that of the display, which the window fills. */
	static async open({
		args = ['--practice'],
		env = {},
		size = '1280x800',
		dark = false,
		before,
		binary = app
	} = {}) {
		const window = new Window();
		try {
			await window.#start(args, env, size, dark, before, binary);
		} catch (error) {
			await window.close();
			throw error;
		}
		return window;
	}

	async #start(args, env, size, dark, before, binary) {
		const home = mkdtempSync(join(tmpdir(), 'firstlight-window-'));
		this.#ends.push(() => rmSync(home, { recursive: true, force: true }));
		const port = await freePort();
		const display = await this.#display(size);
		this.#shown = display;
		const all = {
			...process.env,
			DISPLAY: display,
			HOME: home,
			XDG_RUNTIME_DIR: home,
			XDG_DATA_HOME: join(home, 'data'),
			XDG_CONFIG_HOME: join(home, 'config'),
			LANG: 'C.UTF-8',
			WEBKIT_DISABLE_COMPOSITING_MODE: '1',
			TAURI_WEBVIEW_AUTOMATION: 'true',
			GTK_THEME: dark ? 'Adwaita:dark' : 'Adwaita',
			...env
		};
		// A bus of its own, so that no other app is taken for this one; it serves as the system's bus too.
		all.DBUS_SESSION_BUS_ADDRESS = await this.#bus(all);
		all.DBUS_SYSTEM_BUS_ADDRESS ??= all.DBUS_SESSION_BUS_ADDRESS;
		this.#env = all;
		this.#args = args;
		await before?.(all);
		const driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
			env: all,
			stdio: ['ignore', 'ignore', 'inherit'],
			detached: true
		});
		this.#driver = driver;
		this.#ends.push(() => killAll(driver));
		this.#base = `http://127.0.0.1:${port}`;
		await until('the driver', () => this.#ask('GET', '/status').then(() => true));
		const { sessionId } = await this.#ask('POST', '/session', {
			capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args } } }
		});
		this.#session = `/session/${sessionId}`;
		await until('the first screen', () => this.find('main h1'));
		const [width, height] = size.split('x').map(Number);
		await this.#ask('POST', `${this.#session}/window/rect`, { x: 0, y: 0, width, height }).catch(() => {});
	}

	async #display(size) {
		const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', `${size}x24`, '-nolisten', 'tcp'], {
			stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
			detached: true
		});
		this.#ends.push(() => kill(server));
		const number = await new Promise((done, failed) => {
			server.stdio[3].once('data', (text) => done(String(text).trim()));
			server.once('exit', () => failed(new Error('Xvfb ended; `cargo xtask setup` installs it')));
		});
		return `:${number}`;
	}

	async #bus(env) {
		const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
			env,
			stdio: ['ignore', 'pipe', 'ignore'],
			detached: true
		});
		this.#ends.push(() => kill(bus));
		return new Promise((done, failed) => {
			bus.stdout.once('data', (text) => done(String(text).trim()));
			bus.once('exit', () => failed(new Error('no session bus; `cargo xtask setup` installs dbus')));
		});
	}

	/** The surroundings of the app, for programs that share its display. */
	get env() {
		return this.#env;
	}

	/** A second start of the app by the same person; gives its exit code. */
	startAgain() {
		const second = spawn(app, this.#args, { env: this.#env, stdio: 'ignore' });
		return new Promise((done, failed) => {
			second.once('exit', done);
			second.once('error', failed);
		});
	}

	/** Whether the window is on the display. */
	visible() {
		// Practice may have been begun or left in the app, and the title says so.
		return ['Firstlight (practice)', 'Firstlight'].some((name) => {
			const said = spawnSync('xwininfo', ['-name', name], {
				env: this.#env,
				encoding: 'utf8',
				timeout: BOUND_MS
			});
			if (said.error) throw said.error;
			return said.stdout.includes('IsViewable');
		});
	}

	async #ask(method, path, body) {
		const response = await fetch(this.#base + path, {
			method,
			body: body && JSON.stringify(body),
			signal: AbortSignal.timeout(BOUND_MS)
		});
		const { value } = await response.json();
		if (value?.error) throw new Error(`${value.error}: ${value.message}`);
		return value;
	}

	async find(css) {
		return (await this.#ask('POST', `${this.#session}/element`, { using: 'css selector', value: css }))[
			ELEMENT
		];
	}

	/** Runs a function body in the page. */
	run(script, ...args) {
		return this.#ask('POST', `${this.#session}/execute/sync`, { script, args });
	}

	/** Visible text of the page's content. */
	text() {
		return this.run('return document.querySelector("main").innerText');
	}

	sees(text, bound) {
		return until(`“${text}” on the screen`, async () => (await this.text()).includes(text), bound);
	}

	/** Keys go to whatever has the focus, as a person's do. */
	async keys(...strokes) {
		for (const stroke of strokes) {
			const active = await this.#ask('GET', `${this.#session}/element/active`);
			await this.#ask('POST', `${this.#session}/element/${active[ELEMENT]}/value`, { text: stroke });
		}
	}

	/** Presses a key together with Control. */
	async control(key) {
		const down = [
			{ type: 'keyDown', value: KEY.control },
			{ type: 'keyDown', value: key },
			{ type: 'keyUp', value: key },
			{ type: 'keyUp', value: KEY.control }
		];
		await this.#ask('POST', `${this.#session}/actions`, {
			actions: [{ type: 'key', id: 'keys', actions: down }]
		});
	}

	async press(key) {
		const actions = [
			{ type: 'keyDown', value: key },
			{ type: 'keyUp', value: key }
		];
		await this.#ask('POST', `${this.#session}/actions`, { actions: [{ type: 'key', id: 'keys', actions }] });
	}

	/** Tab by tab until the thing with this text has the focus, as somebody without a mouse does. */
	async tabTo(text, most = 60) {
		for (let i = 0; i < most; i++) {
			// Where the focus is already, nobody presses a key.
			if (i > 0) await this.press(KEY.tab);
			const focused = await this.run(
				'const e = document.activeElement === document.body ? null : document.activeElement; const l = e?.id && document.querySelector(`label[for="${e.id}"]`); return `${e?.innerText ?? ""} ${l?.innerText ?? ""} ${e?.ariaLabel ?? ""}`'
			);
			if (focused.includes(text)) return;
		}
		throw new Error(`no way by keyboard to “${text}”:\n${await this.text()}`);
	}

	/** What a handheld scanner does: all keys of a code at once, wherever the focus is, and Enter. */
	async scan(code) {
		await this.run(
			'for (const key of [...arguments[0], "Enter"]) (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))',
			code
		);
	}

	/** What a person would see: the display itself, not the page's idea of it. */
	async screenshot(name) {
		mkdirSync(shots, { recursive: true });
		const file = join(shots, `${name}.png`);
		// Two frames, so that what was just asked for is painted.
		await this.run('return new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))');
		const taken = spawnSync('import', ['-window', 'root', file], {
			env: { ...process.env, DISPLAY: this.#shown },
			timeout: BOUND_MS
		});
		if (taken.status !== 0) throw new Error(`no screenshot: ${taken.error ?? taken.stderr}`);
		return file;
	}

	/** The result that the job on screen ended with. */
	outcome(bound) {
		return until(
			'an outcome',
			() => this.run('return document.querySelector("[data-outcome]")?.dataset.outcome ?? null'),
			bound
		);
	}

	/** The app is gone from one moment to the next, as when its power is cut. */
	async crash() {
		const [pid] = spawnSync('pgrep', ['-P', String(this.#driver.pid)], { encoding: 'utf8' }).stdout.split(
			'\n'
		);
		process.kill(Number(pid), 'SIGKILL');
		await this.close();
	}

	async close() {
		if (this.#session) await this.#ask('DELETE', this.#session).catch(() => {});
		for (const end of this.#ends.reverse()) await end();
		this.#ends = [];
	}
}

/**
 * Ends a process with all that it started, and comes back when they are gone: until then they hold what is theirs, and an
 * app holds its journal.
 */
async function killAll(process_) {
	const all =
		spawnSync('pgrep', ['-g', String(process_.pid)], { encoding: 'utf8' }).stdout.match(/\d+/g) ?? [];
	kill(process_);
	await until('the end of the app and its driver', () => all.every(gone));
}

/** Whether nothing of a process runs any more; one that nobody has waited for keeps its number, and nothing else. */
function gone(pid) {
	try {
		const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1][0];
		return state === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1;
	} catch (error) {
		if (error.code === 'ENOENT' || error.code === 'ESRCH') return true;
		throw error;
	}
}

/** Ends a process with all that it started. */
function kill(process_) {
	try {
		process.kill(-process_.pid, 'SIGKILL');
	} catch {
		// It has ended by itself.
	}
}
