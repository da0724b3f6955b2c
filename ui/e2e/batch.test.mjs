/**
 * A batch in the real window, from a file to its report: chosen by keys in the system's dialog, and dropped with a real
 * pointer; a line that stands still and goes on; an app that is killed in the middle and started again.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { drop, openFile, saveAs } from './files.mjs';
import { clean, hand, pick, practice, press } from './parts.mjs';
import { sockets } from './sockets.mjs';
import { cli, KEY, Window, until } from './window.mjs';

const PASSWORD = 'correct horse';
const WRONG = 'horse correct';

/** Opens a window with a folder for files beside it, and closes it whatever happens. */
async function play(options, scene) {
	const folder = mkdtempSync(join(tmpdir(), 'firstlight-files-'));
	let window;
	const current = { reopen: async () => (window = await Window.open(options)) };
	try {
		await current.reopen();
		await scene(window, folder, current.reopen);
	} catch (error) {
		error.message += `\non screen:\n${await window?.text().catch(() => '(nothing)')}`;
		await window?.screenshot('failed-batch').catch(() => {});
		throw error;
	} finally {
		await window?.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

function file(folder, name, lines) {
	const path = join(folder, name);
	writeFileSync(path, lines.join('\n'));
	return path;
}

const here = (window, css) =>
	until(css, () => window.run('return document.querySelector(arguments[0]) !== null', css));
const count = (window, kind) =>
	window.run(
		'const shown = document.querySelector(`[data-count="${arguments[0]}"] strong`)?.innerText; return shown === undefined ? NaN : Number(shown.replace(/\\D/g, ""))',
		kind
	);
const everything = (window) =>
	window.run(
		'return document.documentElement.outerHTML + [...document.querySelectorAll("input")].map((i) => i.value).join() + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })'
	);

async function choose(window, path) {
	await press(window, 'Choose a file…');
	await openFile(window, 'Choose a file with a row', path);
	await window.sees('What the columns mean');
}

test('a chosen file becomes units that all passed and a report, by keyboard only', () =>
	play({}, async (window, folder) => {
		const rows = Array.from({ length: 26 }, (_, i) => `Pump-${100 + i},Pump ${i + 1},,00${i + 1}`);
		rows[3] = 'Pump-103,Pump/4,,004';
		rows[8] = 'Pump-108,Pump 9,nobody,009';
		const path = file(folder, 'pumps.csv', ['Tag No,name,owner_id,Shelf', ...rows]);
		await window.control('7');
		await window.sees('A batch is a file with a row for each device');
		await clean(window, 'no batch yet');
		await window.screenshot('batch-empty-light');
		await choose(window, path);

		// What a column means: nobody had told the first one.
		await pick(window, 'Meaning of “Tag No”', 'Unit');
		await window.screenshot('batch-map-light');
		// Few at once, so that there is something left to pause.
		await press(window, 'More: proof');
		await window.tabTo('Most units at once');
		await window.keys('3');
		await press(window, 'Check the file');
		await here(window, '[data-check="2"]');
		await window.sees('The cloud does not take “Pump/4” as a name.');
		await window.sees('“nobody” is not the number of a user.');
		await window.sees('row 4, line 5');
		await clean(window, 'a file with problems');
		await window.screenshot('batch-problems-light');

		// The rows that are wrong go into a file of their own…
		const mended = join(folder, 'mended.csv');
		await press(window, 'Save the rows with problems');
		await saveAs(window, mended);
		await window.sees(`Written to ${mended}`);
		const wrong = readFileSync(mended, 'utf8');
		assert.match(wrong, /^\uFEFFTag No,name,owner_id,Shelf,problems\r\n/);
		assert.equal(wrong.trim().split('\r\n').length, 3);
		// …and the others begin, one of them alone.
		await press(window, 'Begin with the 24 rows that are fine');
		await here(window, '[data-canary="alone"]');
		await window.screenshot('batch-canary-light');
		await here(window, '[data-canary="passed"]');

		await window.screenshot('batch-running-light');
		// What is paused is paused in Rust: the page anew shows the same.
		await press(window, 'Pause');
		await here(window, '[data-phase="paused"]');
		await window.run('location.reload()');
		await here(window, '[data-phase="paused"]');
		await window.sees('pumps.csv');
		await until('what ran has ended', async () => (await count(window, 'running')) === 0);
		assert.ok((await count(window, 'waiting')) > 0, 'and nothing new has begun');
		await clean(window, 'a batch on its way');
		await press(window, 'Go on');
		await here(window, '[data-end="passed"]');
		await window.sees('All 24 passed');
		assert.equal(await count(window, 'passed'), 24);
		await clean(window, 'a batch that is over');
		await window.screenshot('batch-passed-light');

		// A row, by keyboard.
		await window.tabTo('Rows of the batch');
		await window.press(KEY.down);
		await window.press(KEY.enter);
		await here(window, '[data-row]');
		await window.sees('Seen by the cloud');
		await clean(window, 'a row');
		await window.screenshot('batch-row-light');

		for (const [button, name, holds] of [
			['Report: Table', 'report.csv', /Pump-100,24:6F[^\n]*,passed,\d+,/],
			['Report: For programs', 'report.jsonl', /"outcome":"passed"/],
			['Report: Page', 'report.html', /24 rows: 24 passed/]
		]) {
			await press(window, button);
			await saveAs(window, join(folder, name));
			await window.sees(`Written to ${join(folder, name)}`);
			assert.match(readFileSync(join(folder, name), 'utf8'), holds);
		}
		const jsonl = readFileSync(join(folder, 'report.jsonl'), 'utf8').trim().split('\n').map(JSON.parse);
		assert.equal(jsonl.length, 24);
		assert.equal(new Set(jsonl.map((line) => line.device_id)).size, 24, 'one cloud device for each unit');
		assert.equal(jsonl[0].extra.Shelf, '001', 'leading zeros stay');

		// The mended rows are a batch of their own; the column of problems is left out by itself.
		writeFileSync(mended, wrong.replace('Pump/4', 'Pump 4').replace(',nobody,', ',,'));
		await press(window, 'Another batch');
		await choose(window, mended);
		await pick(window, 'Meaning of “Tag No”', 'Unit');
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		await here(window, '[data-end="passed"]');
		await window.sees('All 2 passed');
	}));

test('a wrong password stops the line after one unit, is corrected in one field, and all pass', () =>
	play({ dark: true, size: '1920x1080' }, async (window, folder) => {
		const rows = Array.from({ length: 11 }, (_, i) => `Valve-${200 + i},Valve ${i + 1}`);
		const path = file(folder, 'valves.csv', ['unit,name', ...rows]);
		// Dropped on any screen: what is above the window is said, and it opens where it belongs.
		await drop(window, path, () =>
			until('a word about the file', () =>
				window.run('return document.body.innerText.includes("Let go to open valves.csv")')
			)
		);
		await window.sees('What the columns mean');
		await pick(window, 'Wi-Fi network', 'Another network');
		await window.tabTo('Network name (SSID)');
		await window.keys('Workshop 2G');
		await window.tabTo('Wi-Fi password');
		await window.keys(WRONG);
		await clean(window, 'a file, dark');
		await window.screenshot('batch-map-dark');
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		await here(window, '[data-canary="alone"]');
		assert.ok(!(await everything(window)).includes(WRONG), 'the password left the page');
		await here(window, '[data-stop="wifi.password_refused"]');
		await window.sees('The network Workshop 2G refused the password.');
		await window.sees('The network “Workshop 2G” is the problem, not the devices.');
		assert.equal(await count(window, 'waiting'), 10, 'all others are untouched');
		await clean(window, 'a line that stands still');
		await window.screenshot('batch-stop-dark');
		// The one field has the focus.
		assert.equal(await window.run('return document.activeElement.type'), 'password');
		await window.keys(PASSWORD);
		await window.press(KEY.enter);
		await here(window, '[data-end="passed"]');
		await window.sees('All 11 passed');
		assert.ok(!(await everything(window)).includes(PASSWORD), 'the password left the page');
		await window.screenshot('batch-passed-dark');
	}));

test('a trouble that begins in the middle stops the line with one sentence and one field, and then all pass', () =>
	play({ size: '1920x1080' }, async (window, folder) => {
		const names = Array.from({ length: 30 }, (_, i) => `Meter-${300 + i}`);
		const rows = names.map((name, i) => `${name},Meter ${i + 1}`);
		await window.control('7');
		await choose(window, file(folder, 'meters.csv', ['unit,name', ...rows]));
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		await here(window, '[data-canary="alone"]');
		// The first dozen gets through; after that the network wants another password of everybody.
		for (const device of names.slice(12)) {
			const whose = { kind: 'device', device };
			await hand(window, 'make_trouble', { whose, name: 'outcome', value: 'wrong-password' });
		}
		await here(window, '[data-canary="passed"]');
		await here(window, '[data-stop="wifi.password_refused"][data-shared="network"]');
		await window.sees('units met this one after another: the network');
		await window.sees('is the problem, not the devices.');
		assert.ok((await count(window, 'passed')) >= 1, 'what has passed stays passed');
		await until('nothing runs', async () => (await count(window, 'running')) === 0);
		assert.ok((await count(window, 'waiting')) > 0, 'nothing begins while it stands');
		await clean(window, 'a line that was stopped in the middle');
		await window.screenshot('batch-stop-middle-light');
		assert.equal(await window.run('return document.activeElement.type'), 'password');
		await hand(window, 'end_troubles');
		await window.run('document.querySelector("[data-stop] input").focus()');
		await window.keys(PASSWORD);
		await window.press(KEY.enter);
		await here(window, '[data-end="passed"]');
		await window.sees('All 30 passed');
		await window.screenshot('batch-stop-middle-passed-light');
	}));

/** The real app on a practice cloud, with a profile made on the command line. */
async function real(ports, scene, { shelved = false, options = {} } = {}) {
	const state = mkdtempSync(join(tmpdir(), 'firstlight-state-'));
	const cloud = await practice('cloud');
	const devices = [];
	const env = {
		FIRSTLIGHT_STATE: state,
		FIRSTLIGHT_CLIENT_ID: cloud.client_id,
		FIRSTLIGHT_CLIENT_SECRET: cloud.client_secret
	};
	const run = (...args) => spawnSync(cli, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
	try {
		for (let i = 0; i < ports; i++)
			devices.push(
				await practice(
					...['device', 'serial', '--driver', 'blynk-console', '--cloud', cloud.url],
					...['--fault', 'scale=0.2']
				)
			);
		// Sockets of a shelf, into which the scene plugs what is there.
		const shelf = join(state, 'slot-*');
		env.FIRSTLIGHT_SERIAL_PORTS = shelved ? shelf : devices.map((device) => device.port).join(':');
		const added = run(
			...['profile', 'add', 'line', '--server', cloud.url, '--wifi', 'Workshop 2G'],
			...['--org', String(cloud.org), '--owner', String(cloud.owner)]
		);
		assert.equal(added.status, 0, added.stderr);
		await play({ args: [], env, ...options }, async (window, folder, reopen) => {
			await window.control('3');
			await press(window, 'Use: line');
			await window.sees('in use');
			await window.control('7');
			await scene(window, folder, reopen, sockets(state, devices));
		});
		return run;
	} finally {
		devices.forEach((device) => device.end());
		cloud.end();
		ends.push(state);
	}
}
const ends = [];
after(() => ends.forEach((state) => rmSync(state, { recursive: true, force: true })));

test('a window that is closed in mid-batch asks, goes on without it, and comes back with the end', () =>
	play({}, async (window) => {
		await window.control('7');
		await press(window, 'Play the sample');
		await window.sees('What the columns mean');
		await press(window, 'More: proof');
		await window.tabTo('Most units at once');
		await window.keys('1');
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		await here(window, '[data-canary="passed"]');
		await window.control('q');
		const asked = await until('the question', () =>
			window.run('return document.querySelector("dialog[open]")?.innerText ?? null')
		);
		assert.match(asked, /A batch is running: \d+ of 12 rows are done/);
		await window.screenshot('batch-closing-light');
		await window.press(KEY.enter);
		await until('the window gone', () => !window.visible());
		await until('the window again', () => window.visible());
		await here(window, '[data-end="passed"]');
		await window.sees('All 12 passed');
	}));

test('ten thousand rows are all there: few are drawn, the last is one key away, and a filter finds one', () =>
	real(0, async (window, folder) => {
		const rows = Array.from({ length: 10_000 }, (_, i) => `Unit-${i + 1},Sensor ${i + 1}`);
		await choose(window, file(folder, 'many.csv', ['unit,name', ...rows]));
		await window.sees('10000 rows');
		await window.tabTo('Wi-Fi password');
		await window.keys(PASSWORD);
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		await until('all rows', async () => (await count(window, 'waiting')) === 10_000);
		// The counts come first, and the rows page by page.
		await here(window, '[role=grid][aria-rowcount="10001"]');
		const drawn = () => window.run('return document.querySelectorAll("[role=grid] [role=row]").length');
		assert.ok((await drawn()) < 60, `${await drawn()} rows are drawn`);
		await window.tabTo('Rows of the batch');
		await window.press(KEY.end);
		await until('the last row', () =>
			window.run('return document.querySelector("[role=grid]").innerText.includes("Sensor 10000")')
		);
		assert.ok((await drawn()) < 60, `${await drawn()} rows are drawn`);
		await window.screenshot('batch-many-light');
		await window.run('document.querySelector("input[type=search]").focus()');
		await window.keys('Sensor 7777');
		await until('one row', async () => /1 of 10.?000 rows/.test(await window.text()));
		await press(window, 'Leave it for later');
		await press(window, 'Yes, leave it');
		await here(window, '[data-phase="interrupted"]');
		await window.sees('Not begun yet: 10000.');
	}));

test('an app that is killed in mid-batch is started again, says what becomes of each row, and ends it', async () => {
	const run = await real(4, async (window, folder, reopen) => {
		const path = file(folder, 'line.csv', ['name,Shelf', 'Tank 1,1', 'Tank 2,2', 'Tank 3,3', 'Tank 4,4']);
		await choose(window, path);
		await window.sees('each row takes the next device');
		await window.tabTo('Wi-Fi password');
		await window.keys(PASSWORD);
		await press(window, 'More: proof');
		await window.tabTo('Most units at once');
		await window.keys('1');
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		await until('one passed and one under way', async () =>
			(await count(window, 'passed')) >= 1 && (await count(window, 'running')) === 1 ? true : null
		);
		await window.crash();
		const again = await reopen();
		await again.control('7');
		await again.sees('Not finished');
		await clean(again, 'a batch that is not finished');
		await again.screenshot('batch-unfinished-light');
		await press(again, 'Go on: line.csv');
		await again.sees('It goes on where the journal ends.');
		await again.sees('Cut off in the middle: 1.');
		await again.screenshot('batch-resume-light');
		await clean(again, 'before a batch is taken up');
		await again.tabTo('Password of Workshop 2G');
		await again.keys(PASSWORD);
		await again.press(KEY.enter);
		await here(again, '[data-end="passed"]');
		await again.sees('All 4 passed');
		assert.ok(!(await everything(again)).includes(PASSWORD), 'the password left the page');
		await again.screenshot('batch-resumed-light');
	});
	const report = run('batch', 'report', '--format', 'jsonl');
	assert.equal(report.status, 0, report.stderr);
	const lines = report.stdout.trim().split('\n').map(JSON.parse);
	assert.equal(new Set(lines.map((line) => line.device_id)).size, 4, 'one cloud device for each row');
	assert.deepEqual(new Set(lines.map((line) => line.outcome)), new Set(['passed']));
});

test('a socket with a bad cable is told from the network and from the units, and all pass in other sockets', async () => {
	const scene = async (window, folder, _reopen, { plug, unplug, badCable, slot }) => {
		const rows = Array.from({ length: 11 }, (_, i) => `,Pump ${i + 1}`);
		await choose(window, file(folder, 'shelf.csv', ['unit,name', ...rows]));
		await window.tabTo('Wi-Fi password');
		await window.keys(PASSWORD);
		await press(window, 'Check the file');
		await here(window, '[data-check="0"]');
		await window.press(KEY.enter);
		const passes = (n) => until(`${n} passed`, async () => (await count(window, 'passed')) === n);
		plug(1, 0);
		await passes(1);
		// By turns, so that each beginning shows that the other socket was seen empty: units in socket 1 pass, and those in
		// socket 4 are lost while they are asked what networks they hear.
		const met = [6, 7, 8, 9, 10];
		for (const [turn, unit] of met.entries()) {
			unplug(1);
			await badCable(4, unit, 'scan');
			if (unit === met.at(-1)) break;
			plug(1, turn + 1);
			await passes(turn + 2);
		}
		await here(window, '[data-stop="link.lost"][data-shared="slot"]');
		await window.sees('The device went away in mid-conversation.');
		await window.sees(
			`5 units met this at one place: ${slot(4)} is the problem, not the devices and not the network.`
		);
		await clean(window, 'a line that stands still because of one socket');
		await window.screenshot('batch-stop-slot-dark');
		// Socket 4 stays empty; what was in it goes elsewhere, and each unit is known again.
		met.forEach((unit, at) => plug([2, 3, 5, 6, 7][at], unit));
		plug(1, 5);
		await press(window, 'It is mended: go on with all');
		await here(window, '[data-end="passed"]');
		await window.sees('All 11 passed');
		await window.screenshot('batch-stop-slot-passed-dark');
	};
	const run = await real(11, scene, { shelved: true, options: { dark: true } });
	const report = run('batch', 'report', '--format', 'jsonl');
	const lines = report.stdout.trim().split('\n').map(JSON.parse);
	assert.equal(new Set(lines.map((line) => line.device_id)).size, 11, 'one cloud device for each unit');
	assert.equal(
		JSON.parse(run('ghosts', '--json').stdout || '{"event":"none"}').event,
		'none',
		'and no ghost'
	);
});
