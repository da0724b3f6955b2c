/** The station by a scanner alone: a wedge types, as the real one does, and nobody touches a mouse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean, hand, pick, press } from './parts.mjs';
import { KEY, Window, until } from './window.mjs';

const PASSWORD = 'correct horse';

const tile = (window, n) =>
	window.run('return document.querySelector(`[data-tile="${arguments[0]}"]`)?.dataset.state ?? null', n);
const becomes = (window, n, state) =>
	until(`slot ${n} ${state}`, async () => (await tile(window, n)) === state);

test('a lead arms the station, and it runs to PASSED by plugging and scanning alone', async () => {
	const window = await Window.open({ size: '1920x1080' });
	try {
		await window.control('5');
		await window.sees('Practice bench');
		await clean(window, 'station, not armed');
		await window.screenshot('station-idle');
		await window.tabTo('Arm');
		await window.press(KEY.enter);
		await window.tabTo('Wi-Fi password');
		await window.keys(PASSWORD);
		await window.press(KEY.enter);
		await window.sees('Armed since');
		assert.ok(!(await window.run('return document.documentElement.outerHTML')).includes(PASSWORD));
		// Units that are plugged in when it is armed begin by themselves, or wait for a scan.
		await until(
			'a unit at work',
			async () => ['running', 'passed'].includes(await tile(window, 1)) || (await tile(window, 1)) === 'free'
		);
		await window.screenshot('station-running');
		await becomes(window, 1, 'passed');
		await clean(window, 'station, armed');
		await window.screenshot('station-passed');
		const counters = await window.run('return document.querySelector("[data-counters]").innerText');
		assert.match(counters, /Passed\s+1/);
		// A code that is nobody's: it is said, and nothing happens.
		await window.scan('NOT-A-LABEL-OF-OURS');
		await until(
			'a word about it',
			async () =>
				(await window.run('return document.querySelector("[data-heard]").innerText')) !==
				'Listening: scan a label or a code, or plug a unit in.'
		);
		await window.screenshot('station-heard');
	} catch (error) {
		error.message += `\non screen:\n${await window.text().catch(() => '(nothing)')}`;
		await window.screenshot('failed-station').catch(() => {});
		throw error;
	} finally {
		await window.close();
	}
});

/** The codes of the printed sheet; slots are counted in letters. */
const CODE = { redo: 'FIRSTLIGHTREDO', slot1: 'FIRSTLIGHTSLOTC', operator: 'FIRSTLIGHTOPEROP-7' };
/** What is plugged into the practice bench's first socket, by its hardware address. */
const UNIT = '24:6F:28:00:00:02';
const heard = (window) => window.run('return document.querySelector("[data-heard]")?.innerText ?? ""');

test('by scanner alone: sign on, a label printed and scanned back, a failure retried, a printer out of paper', async () => {
	const window = await Window.open({ size: '1280x800' });
	try {
		await window.control('5');
		await window.sees('Practice bench');
		// A lead has labels printed, and tries the printer before the line runs.
		await press(window, 'Change the station');
		await window.tabTo('Label');
		await window.press(KEY.enter);
		await pick(window, 'Printer', 'Label printer on the network');
		await window.tabTo('Address and port');
		await window.keys('192.0.2.7:9100');
		await clean(window, 'station, its plan');
		await window.screenshot('station-plan');
		await press(window, 'Print a test label');
		await window.sees('The printer took it.');
		await press(window, 'Save');
		await hand(window, 'make_trouble', {
			whose: { kind: 'device', device: UNIT },
			name: 'outcome',
			value: 'cloud-timeout'
		});
		await press(window, 'Arm');
		await window.tabTo('Wi-Fi password');
		await window.keys(PASSWORD);
		await window.press(KEY.enter);
		await window.sees('Armed since');
		await window.scan(CODE.operator);
		await until('the operator', async () =>
			(await window.run('return document.querySelector("header dl").innerText')).includes('OP-7')
		);
		// A failure stays with its cause until somebody does something about it.
		await becomes(window, 1, 'failed');
		await becomes(window, 2, 'failed');
		await window.sees('has its server built in');
		await window.screenshot('station-failed');
		await clean(window, 'station, failures');
		await hand(window, 'make_trouble', {
			whose: { kind: 'device', device: UNIT },
			name: 'outcome',
			value: 'ok'
		});
		// The roll is empty: the unit waits for its label and loses nothing.
		await hand(window, 'make_trouble', { whose: { kind: 'printer' }, name: 'paper', value: '0' });
		// Two slots have a failure, so the command alone does not say which is meant.
		await window.scan(CODE.redo);
		await until('the question', async () => (await heard(window)).includes('Which slot?'));
		await window.scan(CODE.slot1);
		await window.scan(CODE.redo);
		await becomes(window, 1, 'printer_waits');
		await window.sees('out of labels');
		await window.screenshot('station-printer');
		await hand(window, 'make_trouble', { whose: { kind: 'printer' }, name: 'paper', value: '5' });
		// What passed gets its label; only the label that is read again makes it ready.
		await becomes(window, 1, 'scan_back');
		await window.scan('24:6F:28:AA:AA:AA');
		await until('another label is told', async () => (await heard(window)).includes('another label'));
		await window.scan(UNIT);
		await becomes(window, 1, 'passed');
		await window.screenshot('station-ready');
		// Unplugged, what passed clears itself, and the failure beside it stays.
		await hand(window, 'plug', { device: UNIT, plugged: false });
		await becomes(window, 1, 'free');
		assert.equal(await tile(window, 2), 'failed');
		// What passed before is held when it comes again.
		await hand(window, 'plug', { device: UNIT, plugged: true });
		await becomes(window, 1, 'held');
		await window.sees('This unit has passed before');
		await window.screenshot('station-held');
		// What the line made: the failures count at first, the pass after the retry counts in the end.
		await press(window, 'Disarm');
		await window.tabTo('Disarm');
		await window.press(KEY.enter);
		await window.sees('Not armed');
		await press(window, 'Insights');
		await window.sees('First-pass yield');
		await window.sees('0 of 2 units');
		await window.sees('1 of 2 units');
		await clean(window, 'insights');
		await window.screenshot('insights');
	} catch (error) {
		error.message += `\non screen:\n${await window.text().catch(() => '(nothing)')}`;
		await window.screenshot('failed-station').catch(() => {});
		throw error;
	} finally {
		await window.close();
	}
});
