import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY, Window, until } from './window.mjs';

/** Opens the app in practice mode, and closes it whatever happens. */
async function practise(options, play) {
	const window = await Window.open(options);
	try {
		await play(window);
	} catch (error) {
		error.message += `\non screen:\n${await window.text().catch(() => '(nothing)')}`;
		await window.screenshot('failed').catch(() => {});
		throw error;
	} finally {
		await window.close();
	}
}

/** Chooses a device by keyboard, and waits until it has told its networks. */
async function choose(window, device) {
	await window.sees(device);
	await window.tabTo(device);
	await window.press(KEY.enter);
	await until('the device’s answer', () => window.find('form'));
}

async function provision(window, password) {
	await window.tabTo('Password');
	await window.keys(password);
	await window.press(KEY.enter);
}

const PASSWORD = 'correct horse';

test('from the first screen to PASSED in practice mode by keyboard only', () =>
	practise({}, async (window) => {
		assert.match(await window.run('return document.title'), /^Firstlight/);
		assert.match(await window.run('return document.body.innerText'), /Practice/, 'practice is marked');
		await choose(window, 'Practice Pump-K3M7');
		await window.screenshot('provision-setup');
		await provision(window, PASSWORD);
		assert.equal(await window.outcome(), 'passed');
		await window.sees('The cloud has seen this device connect');
		await window.screenshot('provision-passed');
		// Enter does another: the main button has the focus.
		await window.press(KEY.enter);
		await window.sees('Provision a device');
		await window.screenshot('provision-devices');
		await window.control('2');
		await window.sees('Passed');
		await window.tabTo('Practice Pump-K3M7');
		await window.press(KEY.enter);
		await window.sees('Seen by the cloud');
		await window.screenshot('devices-history');
		assert.ok(
			!(await window.run('return document.documentElement.outerHTML')).includes(PASSWORD),
			'the password left the page'
		);
	}));

test('a wrong password shows its own cause and fix, and ends in PASSED after the cure', () =>
	practise({ dark: true }, async (window) => {
		await choose(window, 'Practice Pump-K3M7');
		await provision(window, 'wrong password');
		assert.equal(await window.outcome(), 'failed');
		assert.equal(
			await window.run('return document.querySelector("[data-fault]").dataset.fault'),
			'wifi.password_refused'
		);
		await window.sees('Correct the password and retry');
		await window.screenshot('provision-failed');
		await window.press(KEY.enter);
		await until('the form again', () => window.find('form'));
		await window.run('document.querySelector("input[type=password]").select()');
		await provision(window, PASSWORD);
		assert.equal(await window.outcome(), 'passed');
	}));

test('a device that never checks in is unknown, not passed and not failed', () =>
	practise({}, async (window) => {
		await choose(window, 'Practice Never Checks In-2XA7');
		await provision(window, PASSWORD);
		assert.equal(await window.outcome(), 'unknown');
		await window.sees('It may still come to light');
		await window.screenshot('provision-unknown');
	}));

test('every screen opens by its key, and axe finds nothing on any of them, light and dark', async () => {
	const { readFileSync } = await import('node:fs');
	const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
	for (const dark of [false, true]) {
		await practise({ dark, size: dark ? '1920x1080' : '1280x800' }, async (window) => {
			await window.run(axe);
			for (const [key, heading] of [
				['1', 'Provision a device'],
				['2', 'Devices'],
				['3', 'Profiles'],
				['4', 'Help & health'],
				['5', 'Practice bench'],
				['6', 'Insights'],
				['7', 'A batch is a file']
			]) {
				await window.control(key);
				await window.sees(heading);
				await window.run(
					'window.found = null; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }).then((r) => (window.found = r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)))'
				);
				const found = await until('axe', () => window.run('return window.found'));
				assert.deepEqual(found, [], `${heading}, ${dark ? 'dark' : 'light'}`);
				await window.screenshot(`screen-${key}-${dark ? 'dark' : 'light'}`);
			}
			const scheme = await window.run('return matchMedia("(prefers-color-scheme: dark)").matches');
			assert.equal(scheme, dark);
		});
	}
});

test('the language is chosen from the palette, without a mouse', () =>
	practise({}, async (window) => {
		await window.control('k');
		await until('the palette', () => window.run('return document.querySelector("dialog").open'));
		await window.keys('Deutsch');
		await window.press(KEY.enter);
		await window.sees('Ein Gerät einrichten');
		await window.screenshot('german');
	}));
