/**
 * Every screen with its text at 200 %, in the smallest window that a laptop offers: nothing runs out of the window, no word of
 * a button is cut off. And with the system's wish for less motion.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY, Window, until } from './window.mjs';

async function shown(options, play) {
	const window = await Window.open(options);
	try {
		await play(window);
	} catch (error) {
		error.message += `\non screen:\n${await window.text().catch(() => '(nothing)')}`;
		await window.screenshot('failed-access').catch(() => {});
		throw error;
	} finally {
		await window.close();
	}
}

/** What does not fit: the page or its content wider than the window, and words that are cut off or out of sight. */
const MISFITS = `
	const wrong = [];
	const wide = (name, e) => e && e.scrollWidth > e.clientWidth + 1 && wrong.push(name + ' is ' + (e.scrollWidth - e.clientWidth) + ' px too wide');
	wide('the page', document.documentElement);
	wide('the content', document.querySelector('main'));
	wide('the rail', document.querySelector('nav'));
	for (const e of document.querySelectorAll('button, a, label, legend, h1, h2, h3, select')) {
		// Cells of a table end in dots, and show their whole text when they are chosen.
		if (!e.checkVisibility() || e.closest('[role=grid]') || e.closest('.skip, .sr-only') || e.matches('.skip, .sr-only')) continue;
		const { left, right } = e.getBoundingClientRect();
		const said = (e.innerText || e.ariaLabel || e.tagName).slice(0, 40);
		if (left < -1 || right > innerWidth + 1) wrong.push('“' + said + '” is out of the window');
		const style = getComputedStyle(e);
		if (style.overflowX !== 'visible' && e.tagName !== 'SELECT' && e.scrollWidth > e.clientWidth + 1) wrong.push('“' + said + '” is cut off');
		if (style.overflowY !== 'visible' && e.tagName !== 'SELECT' && e.scrollHeight > e.clientHeight + 1) wrong.push('“' + said + '” is cut off below');
	}
	return wrong;`;

async function fits(window, screen) {
	await window.screenshot(`text-200-${screen}`);
	assert.deepEqual(await window.run(MISFITS), [], screen);
}

const SCREENS = ['devices', 'profiles', 'health', 'station', 'insights', 'batch'];

test('at 200 % nothing runs out of the window, and every button can be read, on every screen', () =>
	shown({ env: { GDK_DPI_SCALE: '2' } }, async (window) => {
		assert.equal(await window.run('return innerWidth'), 640, 'all is twice as large');
		await window.sees('Practice Pump-K3M7');
		await fits(window, 'provision');
		await window.tabTo('Practice Pump-K3M7');
		await window.press(KEY.enter);
		await until('the device’s answer', () => window.find('form'));
		await fits(window, 'setup');
		await window.tabTo('Password');
		await window.keys('wrong password');
		await window.press(KEY.enter);
		assert.equal(await window.outcome(), 'failed');
		await fits(window, 'failed');
		await window.press(KEY.enter);
		await window.sees('Everything else stays');
		await window.keys('correct horse');
		await window.press(KEY.enter);
		await until('PASSED', async () => (await window.outcome()) === 'passed');
		await fits(window, 'passed');
		for (const [i, screen] of SCREENS.entries()) {
			await window.control(String(i + 2));
			await until('a heading', () => window.find('main h1'));
			await until('the place', () => window.run('return location.pathname !== "/"'));
			await fits(window, screen);
		}
		await window.control('2');
		await window.tabTo('Practice Pump-K3M7');
		await window.keys('Pump-K3M7');
		await fits(window, 'devices-found');
		await window.run('document.activeElement.blur()');
		await window.press('?');
		await until('the keys', () => window.find('dialog[open]'));
		await fits(window, 'shortcuts');
		await window.press(KEY.escape);
		await window.control('k');
		await until('the palette', () => window.find('dialog[open]'));
		await fits(window, 'palette');
	}));
