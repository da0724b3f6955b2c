/** The first start and the profiles, by keyboard only, with the real HTTP client against a practice cloud on loopback. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { saveAs } from './files.mjs';
import { clean, pick, practice, press } from './parts.mjs';
import { KEY, Window, until } from './window.mjs';

async function opened(options, play) {
	const window = await Window.open(options);
	try {
		await play(window);
	} catch (error) {
		error.message += `\non screen:\n${await window.text().catch(() => '(nothing)')}`;
		await window.screenshot('failed-setup').catch(() => {});
		throw error;
	} finally {
		await window.close();
	}
}

/** The first start of the real app. */
const fresh = (play, options = {}) => opened({ args: [], ...options }, play);

/** Types into the field of this label; what stands in it is replaced. */
async function type(window, label, text) {
	await window.tabTo(label);
	await window.run('document.activeElement.select?.()');
	await window.keys(text);
}

const html = (window) =>
	window.run(
		'return document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((i) => i.value).join(" ")'
	);

async function toCloud(window, url) {
	await window.sees('Welcome to Firstlight');
	await press(window, 'Set up my cloud');
	await pick(window, 'Server', 'Another');
	await type(window, 'Server address', url);
}

test('the first start leads to PASSED in practice, by keyboard only', () =>
	fresh(async (window) => {
		await window.sees('Welcome to Firstlight');
		await window.screenshot('setup-welcome');
		await press(window, 'Practise first');
		await until('practice marked', () =>
			window.run('return document.querySelector(".banner")?.innerText.includes("Nothing here is real")')
		);
		await window.sees('Practice Pump-K3M7');
		await press(window, 'Practice Pump-K3M7');
		await until('the device’s answer', () => window.find('form'));
		await window.tabTo('Password');
		await window.keys('correct horse');
		await window.press(KEY.enter);
		assert.equal(await window.outcome(), 'passed');
		await window.screenshot('setup-practised');
		for (const key of ['1', '2', '3', '4']) {
			await window.control(key);
			await until('practice marked on every screen', () =>
				window.run('return document.querySelector(".banner")?.innerText.includes("Practice")')
			);
		}
		await press(window, 'Leave practice');
		await window.sees('Welcome to Firstlight');
		assert.equal(await window.run('return document.querySelector(".banner")'), null, 'nothing says practice');
	}));

test('the wizard signs in to a cloud over HTTP, chooses by name, and keeps a profile', async () => {
	const cloud = await practice('cloud');
	try {
		await fresh(async (window) => {
			await toCloud(window, cloud.url);
			await type(window, 'Client id', cloud.client_id);
			await type(window, 'Client secret', 'wrong-secret');
			await window.press(KEY.enter);
			await window.sees('The cloud could not be reached as you are');
			await window.screenshot('setup-wrong-secret');
			await clean(window, 'a sign-in that failed');
			const values = await html(window);
			assert.ok(values.includes(cloud.client_id) && values.includes(cloud.url), 'nothing typed is lost');
			await type(window, 'Client secret', cloud.client_secret);
			await window.press(KEY.enter);
			await window.sees('It takes you for');
			await window.sees('Take tokens for devices: not known');
			const page = await html(window);
			assert.ok(
				!page.includes(cloud.client_secret) && !page.includes(cloud.client_id),
				'secrets left the page'
			);
			await type(window, 'Organization for new devices', 'North');
			await window.press(KEY.enter);
			await press(window, 'Keep and go on');
			await window.sees('Choose who will own the devices.');
			await window.screenshot('setup-owner');
			await clean(window, 'the owner step');
			await type(window, 'Owner of new devices', 'Lee');
			await window.press(KEY.enter);
			await type(window, 'Name of the profile', 'workshop');
			await press(window, 'Keep and go on');
			await window.sees('What Firstlight needs to reach devices');
			await window.sees('Serial ports');
			await window.sees('Bluetooth');
			await until('the end of the check', () =>
				window.run('return document.querySelector(".findings").ariaBusy === "false"')
			);
			await window.screenshot('setup-adapters');
			await clean(window, 'the adapters step');
			await press(window, 'Begin');
			await window.control('3');
			await window.sees('workshop');
			await window.sees('organization 2 · owner 3');
			await press(window, 'Test: workshop');
			await window.sees('It takes you for');
			await window.screenshot('profiles-tested');
			await clean(window, 'the profiles');
		});
	} finally {
		cloud.end();
	}
});

test('a profile’s form says what is wrong at its field and loses nothing', async () => {
	await opened({ dark: true, size: '1920x1080' }, async (window) => {
		await window.control('3');
		await press(window, 'Add a cloud');
		await pick(window, 'Server', 'Another');
		await type(window, 'Server address', 'http://cloud.example.com');
		await type(window, 'Client id', 'an-id');
		await type(window, 'Client secret', 'a-secret');
		await type(window, 'Organization for new devices', '7');
		await window.press(KEY.enter);
		await type(window, 'Owner of new devices', '8');
		await window.press(KEY.enter);
		await type(window, 'Name of the profile', 'Practice');
		await press(window, 'Add a network');
		await window.keys('é'.repeat(20));
		await window.sees('The name is too long: 40 bytes, at most 32.');
		await type(window, 'Password', 'short');
		await window.sees('Too short: 5 characters');
		await press(window, 'Save');
		await type(window, 'Network name (SSID)', 'Hall');
		await type(window, 'Password', 'long enough');
		await press(window, 'Save');
		await until('the server’s problem at its field', () =>
			window.run(
				'const f = [...document.querySelectorAll("input")].find((i) => i.value === "http://cloud.example.com"); return f?.ariaInvalid === "true" && document.getElementById(f.getAttribute("aria-describedby").split(" ").at(-1))?.innerText.includes("https")'
			)
		);
		await window.screenshot('profiles-bad-server');
		await clean(window, 'a form with problems');
		const values = await html(window);
		for (const typed of ['an-id', 'Hall', 'Practice', 'long enough'])
			assert.ok(values.includes(typed), `${typed} is still there`);
		await type(window, 'Server address', 'https://cloud.example.com');
		await press(window, 'Save');
		await window.sees('is there already');
		await type(window, 'Name of the profile', 'second');
		await press(window, 'Save');
		await window.sees('“second” is kept and in use.');
		assert.ok(!(await html(window)).includes('long enough'), 'the password left the page');
		await press(window, 'Delete: second');
		await until('the question', () =>
			window.run('return document.querySelector("dialog[open] h2")?.innerText')
		);
		await press(window, 'Delete');
		await window.sees('“second” and its secrets are gone.');
		await window.screenshot('profiles-deleted');
	});
});

test('a cloud that is slow, down or answers rubbish never holds the window up', async () => {
	const slow = await practice('cloud', '--fault', 'slow=600000');
	const rubbish = await practice('cloud', '--fault', 'not-json=always');
	const silent = createServer(() => {}).listen(0, '127.0.0.1');
	await until('a port', () => silent.address());
	try {
		await fresh(async (window) => {
			await toCloud(window, slow.url);
			await type(window, 'Client id', slow.client_id);
			await type(window, 'Client secret', slow.client_secret);
			await window.press(KEY.enter);
			await window.sees('Asking http://127.0.0.1');
			await window.screenshot('setup-slow');
			// The rest of the app is there all the while.
			await window.control('4');
			await window.sees('Help & health');
			await window.control('k');
			await until('the palette', () => window.run('return document.querySelector("dialog").open'));
			await window.press(KEY.escape);

			await window.run('location.assign("/welcome")');
			await toCloud(window, `http://127.0.0.1:${silent.address().port}`);
			await type(window, 'Client id', 'id');
			await type(window, 'Client secret', 'secret');
			await window.press(KEY.enter);
			await window.sees('Asking');
			await press(window, 'Cancel');
			await window.sees('Sign in and check');
			const values = await html(window);
			assert.ok(values.includes(String(silent.address().port)), 'what was typed is still there');

			await type(window, 'Server address', rubbish.url);
			await type(window, 'Client id', rubbish.client_id);
			await type(window, 'Client secret', rubbish.client_secret);
			await window.press(KEY.enter);
			await window.sees('The cloud could not be reached as you are');
			await window.screenshot('setup-rubbish');

			await type(window, 'Server address', 'http://127.0.0.1:1');
			await window.press(KEY.enter);
			await until('another cause', async () => !(await window.text()).includes('Asking'));
			await window.sees('The cloud could not be reached as you are');
			await window.screenshot('setup-down');
		});
	} finally {
		slow.end();
		rubbish.end();
		silent.close();
	}
});

for (const [dark, size] of [
	[false, '1280x800'],
	[true, '1920x1080']
])
	test(`help and health: checks, troubles, bundle (${dark ? 'dark' : 'light'})`, () =>
		opened({ dark, size }, async (window) => {
			await window.control('4');
			await window.sees('Nothing stands in the way of the next device.');
			await clean(window, 'health');
			await window.screenshot(`health-${dark ? 'dark' : 'light'}`);
			await pick(window, 'Whose trouble', 'Practice Pump-K3M7');
			await type(window, 'Find a fault', 'How joining ends');
			await pick(window, 'How joining ends', 'no-ip');
			await window.sees('How joining ends is now no-ip.');
			await window.screenshot(`health-troubles-${dark ? 'dark' : 'light'}`);
			await window.control('1');
			await press(window, 'Practice Pump-K3M7');
			await until('the device’s answer', () => window.find('form'));
			await window.tabTo('Password');
			await window.keys('correct horse');
			await window.press(KEY.enter);
			assert.equal(await window.outcome(), 'failed');
			assert.equal(
				await window.run('return document.querySelector("[data-fault]").dataset.fault'),
				'wifi.no_address'
			);
			await window.control('4');
			await window.sees('Make it fail');
			await window.sees('Made to go wrong: 1.');
			await press(window, 'As it was in the beginning');
			await window.sees('Everything is as it was in the beginning.');
			await window.sees('Nothing was made to go wrong.');
			const bundle = join(window.env.HOME, 'for-help.zip');
			await press(window, 'Save the bundle');
			await saveAs(window, bundle);
			await window.sees(`Written: ${bundle}`);
			// What every unpacker looks for first.
			assert.equal(readFileSync(bundle).subarray(0, 2).toString(), 'PK');
			await window.sees('journal.jsonl');
			await window.screenshot(`health-bundle-${dark ? 'dark' : 'light'}`);
		}));
