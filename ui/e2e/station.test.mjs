/** The station by a scanner alone: a wedge types, as the real one does, and nobody touches a mouse. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KEY, Window, until } from './window.mjs';

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const PASSWORD = 'correct horse';

async function clean(window, screen) {
	await window.run(axe);
	await window.run(
		'window.found = null; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }).then((r) => (window.found = r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`)))'
	);
	assert.deepEqual(await until('axe', () => window.run('return window.found')), [], screen);
}

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
