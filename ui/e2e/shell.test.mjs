/** The app around its screens: one window, no sleep in mid-job, a word when it is over, nothing lost by a stray click. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desktop } from './desktop.mjs';
import { KEY, Window, until } from './window.mjs';

const PASSWORD = 'correct horse';

async function play(options, scene) {
	const desktop = new Desktop();
	let window;
	try {
		window = await Window.open({ ...options, before: desktop.start });
		await scene(window, desktop);
	} catch (error) {
		error.message += `\non screen:\n${await window?.text().catch(() => '(nothing)')}`;
		await window?.screenshot('shell-failed').catch(() => {});
		throw error;
	} finally {
		await window?.close();
		desktop.end();
	}
}

async function begin(window, device) {
	await window.sees(device);
	await window.tabTo(device);
	await window.press(KEY.enter);
	await until('the device’s answer', () => window.find('form'));
	await window.tabTo('Password');
	await window.keys(PASSWORD);
	await window.press(KEY.enter);
	await until('a running job', () => window.run('return document.querySelector("form") === null'));
}
const asks = (window) =>
	until('the question', () =>
		window.run('return document.querySelector("dialog[open] h2")?.innerText ?? null')
	);

test('a window that is closed in mid-job is open again with the same job, which ends as always', () =>
	play({}, async (window, desktop) => {
		// This one takes its time: it is followed until the wait for its check-in ends.
		await begin(window, 'Practice Never Checks In-2XA7');
		await until('the computer is kept awake', () => desktop.asked('logind', 'Inhibit').length === 2);
		assert.match(desktop.asked('logind', 'Inhibit').join(), /idle.*sleep/s);
		const job = (await window.text()).split('\n')[0];

		await window.control('q');
		assert.equal(await asks(window), 'Jobs are running');
		await window.screenshot('shell-closing');
		await window.press(KEY.escape);
		await until('the dialog gone', () => window.run('return !document.querySelector("dialog[open]")'));
		assert.equal(window.visible(), true, 'Escape goes back');

		await window.control('q');
		await asks(window);
		await window.press(KEY.enter);
		await until('the window gone', () => !window.visible());
		assert.equal(await window.startAgain(), 0, 'a second start hands over and ends');
		await until('the window again', () => window.visible());
		assert.equal((await window.text()).split('\n')[0], job);

		// The page anew: its state lives in Rust.
		await window.run('location.reload()');
		await until('the same job', async () => (await window.text()).split('\n')[0] === job);
		assert.equal(await window.outcome(), 'unknown');
	}));

test('a window that was closed comes back when the work is over, and a word says how it ended', () =>
	play({}, async (window, desktop) => {
		await begin(window, 'Practice Never Checks In-2XA7');
		await until('the computer is kept awake', () => desktop.asked('logind', 'Inhibit').length === 2);
		await window.control('q');
		await asks(window);
		await window.press(KEY.enter);
		await until('the window gone', () => !window.visible());
		await until('the window again', () => window.visible());
		assert.equal(await window.outcome(), 'unknown');
		const [notice] = await until('a word on the desktop', () => {
			const said = desktop.asked('notification_daemon', 'Notify');
			return said.length > 0 && said;
		});
		assert.match(notice, /Firstlight is done/);
		assert.match(notice, /Not known yet/);
		assert.ok(!notice.includes(PASSWORD));
	}));

test('jobs of a practice that was begun inside the app keep the computer awake, and hold the window', () =>
	play({ args: [] }, async (window, desktop) => {
		await window.sees('Welcome to Firstlight');
		await window.tabTo('Practise first');
		await window.press(KEY.enter);
		await begin(window, 'Practice Never Checks In-2XA7');
		await until('the computer is kept awake', () => desktop.asked('logind', 'Inhibit').length === 2);
		await window.control('q');
		assert.equal(await asks(window), 'Jobs are running');
		await window.press(KEY.enter);
		await until('the window gone', () => !window.visible());
		await until('the window again', () => window.visible());
		const said = () => desktop.asked('notification_daemon', 'Notify').join();
		await until('a word on the desktop', () => said().includes('Firstlight is done'));
	}));

test('secrets are gone from the page after their use', () =>
	play({}, async (window) => {
		await begin(window, 'Practice Pump-K3M7');
		const everything = () =>
			window.run(
				'return document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((i) => i.value).join() + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })'
			);
		assert.ok(!(await everything()).includes(PASSWORD), 'while the job runs');
		assert.equal(await window.outcome(), 'passed');
		assert.ok(!(await everything()).includes(PASSWORD), 'after it');
		// Nothing to lose: the window closes without a question.
		// It may be gone before the driver has an answer.
		await window.control('q').catch(() => {});
		await until('the end', () => !window.visible());
	}));

test('the theme is chosen from the palette and holds after the page is loaded anew', () =>
	play({ dark: true }, async (window) => {
		const surface = () => window.run('return getComputedStyle(document.body).backgroundColor');
		const dark = await surface();
		await window.control('k');
		await until('the palette', () => window.run('return document.querySelector("dialog[open]") !== null'));
		await window.keys('Theme: Light');
		await window.press(KEY.enter);
		await until('another colour', async () => (await surface()) !== dark);
		const light = await surface();
		await window.run('location.reload()');
		await until('the first screen', () => window.find('main h1'));
		assert.equal(await surface(), light);
		await window.screenshot('theme-light-chosen');
	}));
