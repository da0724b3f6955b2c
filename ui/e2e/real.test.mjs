/** The app with nothing simulated inside it: its real HTTP client and its real serial port, against practice servers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { practice } from './parts.mjs';
import { KEY, Window, until } from './window.mjs';

test('a profile made by keyboard, a cloud over HTTP and a device on a serial port end in PASSED', async () => {
	const cloud = await practice('cloud');
	const device = await practice('device', 'serial', '--driver', 'blynk-console', '--cloud', cloud.url);
	let window;
	try {
		window = await Window.open({ args: [], env: { FIRSTLIGHT_SERIAL_PORTS: device.port } });
		await window.control('3');
		await window.sees('No cloud is set up yet');
		await window.tabTo('Add a cloud');
		await window.press(KEY.enter);
		await window.tabTo('Server');
		await window.keys('Another');
		const entries = [
			['Server address', cloud.url],
			['Client id', cloud.client_id],
			['Client secret', cloud.client_secret],
			['Organization for new devices', String(cloud.org)],
			['Owner of new devices', String(cloud.owner)],
			['Name of the profile', 'workshop']
		];
		for (const [label, entry] of entries) {
			await window.tabTo(label);
			await window.keys(entry);
		}
		await window.press(KEY.enter);
		await window.sees('“workshop” is kept and in use.');
		const page = await window.run('return document.documentElement.outerHTML');
		assert.ok(!page.includes(cloud.client_secret), 'the secret left the page');

		await window.control('1');
		await window.sees(device.port);
		await window.tabTo(device.port);
		await window.press(KEY.enter);
		await until('the device’s answer', () => window.find('form'));
		await window.tabTo('Password');
		await window.keys('correct horse');
		await window.press(KEY.enter);
		assert.equal(await window.outcome(), 'passed');
		await window.screenshot('real-passed');
	} catch (error) {
		error.message += `\non screen:\n${await window?.text().catch(() => '(nothing)')}`;
		throw error;
	} finally {
		await window?.close();
		device.end();
		cloud.end();
	}
});
