/**
 * Each way to fail shows its own cause and cure, and ends in PASSED after the cure; then a unit is taken up again. One window,
 * by keyboard only; the simulated world is moved by hand, as a person moves a real one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hand } from './parts.mjs';
import { KEY, Window, until } from './window.mjs';

const CABLE = 'Practice Pump-9F1W';
/** The same device's card while nobody has asked it for its name: its USB serial number. */
const CARD = 'SIM2';
/** Whose troubles are turned. */
const WHOSE = { kind: 'device', device: CABLE };
const RADIO = 'Practice Pump-K3M7';
const PASSWORD = 'correct horse';

const fault = (window) =>
	until('a fault', () => window.run('return document.querySelector("[data-fault]")?.dataset.fault ?? null'));

async function choose(window, device) {
	await window.control('1');
	await window.sees(device);
	await window.tabTo(device);
	await window.press(KEY.enter);
	await until('the device’s answer', () => window.find('form'));
}

/** What is on screen of the fault: each part of the answer, and one main button. */
async function fails(window, code, cure) {
	assert.equal(await window.outcome(), 'failed');
	assert.equal(await fault(window), code);
	await window.sees('Most likely why');
	await window.sees(cure);
	await window.sees('What was tried');
	assert.equal(
		await window.run(
			'return [...document.querySelectorAll("button.primary")].filter((b) => b.checkVisibility()).length'
		),
		1
	);
	assert.equal(await window.run('return document.activeElement.innerText'), 'Retry');
}

async function passes(window) {
	await until('PASSED', async () => (await window.outcome()) === 'passed');
	await window.press(KEY.enter);
	await window.sees('Provision a device');
}

test('every failure shows its own cause and cure, and ends in PASSED after the cure', async () => {
	const window = await Window.open();
	try {
		// A wrong password: only the password is asked again.
		await choose(window, RADIO);
		await window.keys('wrong password');
		await window.press(KEY.enter);
		await fails(window, 'wifi.password_refused', 'Correct the password');
		await window.screenshot('cure-password');
		await window.press(KEY.enter);
		await window.sees('Everything else stays');
		await window.sees('over the same link');
		assert.equal(await window.run('return document.querySelectorAll("form input").length'), 1);
		await window.screenshot('cure-password-only');
		await window.keys(PASSWORD);
		await window.press(KEY.enter);
		await passes(window);

		// A network without a way to the cloud: the password is kept, so Enter is enough from here on.
		await hand(window, 'make_trouble', { whose: WHOSE, name: 'outcome', value: 'cloud-timeout' });
		await choose(window, CARD);
		await window.sees('is used again');
		await window.press(KEY.enter);
		await fails(window, 'cloud.unreachable_from_device', 'Open ports 443 and 8883');
		await window.screenshot('cure-cloud-timeout');
		await hand(window, 'make_trouble', { whose: WHOSE, name: 'outcome', value: 'ok' });
		await window.press(KEY.enter);
		await passes(window);

		// A refused token.
		await hand(window, 'make_trouble', { whose: WHOSE, name: 'outcome', value: 'bad-token' });
		await choose(window, CARD);
		await window.sees('It keeps it, and gets a fresh token');
		await window.press(KEY.enter);
		await fails(window, 'cloud.token_refused', 'Check that the profile’s server');
		await window.screenshot('cure-token');
		await hand(window, 'make_trouble', { whose: WHOSE, name: 'outcome', value: 'ok' });
		await window.press(KEY.enter);
		await passes(window);

		// The cable is pulled while the device listens for networks.
		await choose(window, CARD);
		await hand(window, 'make_trouble', { whose: WHOSE, name: 'drop', value: 'scan' });
		await window.press(KEY.enter);
		await fails(window, 'link.lost', 'Check cable and power');
		await window.screenshot('cure-cable');
		await hand(window, 'make_trouble', { whose: WHOSE, name: 'drop', value: 'never' });
		await hand(window, 'plug', { device: CABLE, plugged: false });
		await hand(window, 'plug', { device: CABLE, plugged: true });
		await window.press(KEY.enter);
		await passes(window);
		const page = await window.run(
			'return document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((i) => i.value)'
		);
		assert.ok(!page.includes(PASSWORD), 'the password never came back into the page');

		// The record of the first device says how its second attempt reached it. The newest unit stands first.
		await window.control('2');
		await window.tabTo(RADIO);
		await window.press(KEY.down);
		await window.press(KEY.enter);
		await window.sees('over the link that was kept open');

		// Configuration mode: what to expect first; then it is back in sight and keeps its cloud device.
		await window.press(KEY.up);
		await window.press(KEY.enter);
		await window.sees('4712');
		await window.tabTo('Ask for configuration mode');
		await window.press(KEY.enter);
		await until('what to expect', () => window.run('return document.querySelector("dialog[open]") !== null'));
		await window.screenshot('devices-reconfigure');
		await window.tabTo('Ask the device');
		await window.press(KEY.enter);
		await window.sees('The cloud has passed the request on');
		await window.tabTo('Provision again');
		await window.press(KEY.enter);
		await window.sees('gets a fresh token');
		await window.press(KEY.enter);
		await until('PASSED', async () => (await window.outcome()) === 'passed');
		await window.screenshot('devices-again');
		await window.control('2');
		await window.sees('Passed');
		// All that failed on the way is counted, with its cause.
		await window.control('6');
		await window.sees('refused the password');
		await window.screenshot('insights');
	} catch (error) {
		error.message += `\non screen:\n${await window.text().catch(() => '(nothing)')}`;
		await window.screenshot('failed-cures').catch(() => {});
		throw error;
	} finally {
		await window.close();
	}
});
