/** A batch on its screen: what is shown in each state, what is asked of Rust, and what never leaves this side again. */
import type { BatchDropView, BatchUpdate, SettingsView } from '$lib/backend/backend';
import type { BatchCalls } from '$lib/backend/batch';
import { batch, calls, check, file, plan, problem, row, rows, slotStop, stop } from '$lib/backend/batchViews';
import { recording, replay } from '$lib/backend/replay';
import { fill, w } from '$lib/words';
import { cleanup, render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import Screen from './Batch.svelte';
import { Batches, remaining } from './batch.svelte';
import { grouped } from './problems';

afterEach(cleanup);
beforeAll(() => {
	Element.prototype.scrollIntoView = () => {};
	HTMLDialogElement.prototype.showModal = function () {
		this.open = true;
	};
	HTMLDialogElement.prototype.close = function () {
		this.open = false;
	};
});

const settings: SettingsView = recording.view.settings;

async function opened(batches_: BatchCalls, practice = true) {
	let tell: (update: BatchUpdate) => void = () => {};
	let drop: (news: BatchDropView) => void = () => {};
	const watched: BatchCalls = {
		...batches_,
		watch: (on) => {
			tell = on;
			return Promise.resolve(() => {});
		},
		drops: (on) => {
			drop = on;
			return Promise.resolve(() => {});
		}
	};
	const shown = vi.fn();
	const batches = new Batches({ ...replay(), batches: watched }, shown);
	await batches.open();
	const { container } = render(Screen, { batches, settings, practice });
	await tick();
	return {
		batches,
		container,
		shown,
		tell: async (update: BatchUpdate) => {
			tell(update);
			await tick();
		},
		drop: async (news: BatchDropView) => {
			drop(news);
			await tick();
		}
	};
}
const button = (name: string | RegExp) => screen.getByRole('button', { name });
const gridRows = () => within(screen.getByRole('grid')).getAllByRole('row');
const held = (container: Element) =>
	container.innerHTML + [...container.querySelectorAll('input')].map((input) => input.value).join();

test('where no batch was run yet, it is said what one is, and a sample can be played in practice only', async () => {
	await opened(calls([], []));
	expect(screen.getByText(w.batch.what)).toBeVisible();
	expect(screen.getByText(w.batch.none)).toBeVisible();
	expect(button(w.batch.samplePlay)).toBeVisible();
	cleanup();
	await opened(calls([], []), false);
	expect(screen.queryByRole('button', { name: w.batch.samplePlay })).toBeNull();
	expect(button(w.batch.sampleSave)).toBeVisible();
});

test('ten thousand rows are all there, and few of them are in the page', async () => {
	const all = rows(10_000).map((one) =>
		one.row % 100 === 0
			? { ...one, state: 'ended' as const, outcome: 'failed' as const, fault: 'link.lost' as const }
			: one
	);
	const view = batch({ rows: 10_000, failed: 100 });
	const { batches, tell } = await opened(calls([view], all));
	expect(batches.rows).toHaveLength(10_000);
	expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '10001');
	expect(gridRows().length).toBeLessThan(60);
	await userEvent.click(button(new RegExp(`^${w.outcomes.failed}`)));
	expect(batches.found).toHaveLength(100);
	expect(screen.getByRole('grid')).toHaveAttribute('aria-rowcount', '101');
	// One passes after all: it leaves the list of those that failed.
	const passed = { ...all[99]!, outcome: 'passed' as const, fault: null };
	await tell({ batch: { ...view, failed: 99, passed: 1 }, rows: [passed] });
	expect(batches.found).toHaveLength(99);
	expect(batches.rows).toHaveLength(10_000);
	expect(gridRows().length).toBeLessThan(60);
});

test('a change that comes while the rows are fetched is not lost', async () => {
	let answer: (of: ReturnType<typeof rows>) => void = () => {};
	const slow = calls([], [], { rows: () => new Promise((done) => (answer = done)) });
	const { batches, tell } = await opened(slow);
	await tell({ batch: batch(), rows: [] });
	const looking = batches.look('b1');
	await tell({ batch: batch({ passed: 1 }), rows: [row(2, { state: 'ended', outcome: 'passed' })] });
	answer(rows(12));
	await looking;
	expect(batches.rows[1]?.outcome).toBe('passed');
});

test('the batch that runs is shown at once, wherever the page begins', async () => {
	const { container } = await opened(calls([batch({ phase: 'paused' })], rows(12)));
	expect(container.querySelector('[data-phase="paused"]')).not.toBeNull();
	expect(button(w.batch.goOn)).toBeVisible();
});

test.each([
	[batch({ phase: 'ended', passed: 12 }), 'passed', fill(w.batch.endAll, { n: 12 })],
	[
		batch({ phase: 'ended', passed: 10, failed: 2 }),
		'failed',
		fill(w.batch.endMixed, { passed: 10, failed: 2, unknown: 0 })
	],
	[batch({ phase: 'ended', passed: 11, unknown: 1 }), 'unknown', w.batch.endUnknown],
	[batch({ phase: 'ended', passed: 11, skipped: 1 }), 'skipped', fill(w.batch.endSkipped, { n: 1 })]
] as const)('an end is told by colour, shape and word: %#', async (view, verdict, sentence) => {
	const { container, batches } = await opened(calls([view], rows(12)));
	await batches.look('b1');
	await tick();
	const end = container.querySelector(`[data-end="${verdict}"]`);
	expect(end).toHaveTextContent(sentence);
	expect(end?.querySelector('svg')).not.toBeNull();
	for (const kind of ['html', 'csv', 'jsonl'] as const)
		expect(button(`${w.batch.report}: ${w.batch.reports[kind]}`)).toBeVisible();
});

test('what was unknown when the batch was over is shown as passed once the cloud has seen it', async () => {
	const ended = batch({ phase: 'ended', rows: 1, unknown: 1 });
	let [list, of] = [[ended], [row(1, { state: 'ended', outcome: 'unknown' })]];
	const { batches, container } = await opened(
		calls([], [], { list: () => Promise.resolve(list), rows: () => Promise.resolve(of) })
	);
	await batches.look('b1');
	await tick();
	expect(container.querySelector('[data-end="unknown"]')).not.toBeNull();
	[list, of] = [[{ ...ended, unknown: 0, passed: 1 }], [row(1, { state: 'ended', outcome: 'passed' })]];
	await batches.renew();
	await tick();
	expect(container.querySelector('[data-end="passed"]')).toHaveTextContent(w.batch.endOne);
	expect(batches.rows[0]?.outcome).toBe('passed');
});

test('only what failed is run again: in line while it runs, taken up when it is over', async () => {
	const retry = vi.fn(() => Promise.resolve());
	const resume = vi.fn(() => Promise.resolve());
	const resumePlan = vi.fn(() => Promise.resolve(plan({ failed: 2 })));
	const asked = { retry, resume, resumePlan };
	const again = fill(w.batch.retryFailed, { n: 2 });
	await opened(calls([batch({ failed: 2 })], rows(12), asked));
	await userEvent.click(button(again));
	expect(retry).toHaveBeenCalledWith('b1', []);
	cleanup();
	const { batches } = await opened(calls([batch({ phase: 'ended', failed: 2 })], rows(12), asked));
	await batches.look('b1');
	await tick();
	await userEvent.click(button(again));
	expect(resume).toHaveBeenCalledWith('b1', null, true);
});

test('what is needed to repeat is asked for, and only that', async () => {
	const resume = vi.fn(() => Promise.resolve());
	const resumePlan = () => Promise.resolve(plan({ failed: 2, passwords: ['Hall'] }));
	const ended = batch({ phase: 'ended', failed: 2, passed: 10 });
	const { batches, container } = await opened(calls([ended], rows(12), { resume, resumePlan }));
	await batches.look('b1');
	await tick();
	await userEvent.click(button(fill(w.batch.retryFailed, { n: 2 })));
	expect(screen.getByLabelText(fill(w.batch.resumePassword, { ssids: 'Hall' }))).toHaveFocus();
	await userEvent.keyboard('s3cret-pass');
	await userEvent.keyboard('{Enter}');
	expect(resume).toHaveBeenCalledWith('b1', 's3cret-pass', true);
	expect(held(container)).not.toContain('s3cret-pass');
});

test('a line that stands still names the network, and its password goes one way', async () => {
	const goOn = vi.fn(() => Promise.resolve());
	const view = batch({ phase: 'stopped', failed: 5, stop: stop() });
	const { container } = await opened(calls([view], rows(12), { goOn }));
	const told = container.querySelector('[data-stop]');
	expect(told).toHaveAttribute('data-shared', 'network');
	expect(told).toHaveTextContent(fill(w.batch.stopNetwork, { n: 5, ssid: 'Workshop 2G' }));
	expect(told).toHaveTextContent('The network Workshop 2G refused the password.');
	const input = screen.getByLabelText(w.batch.fields.wifi_password.label);
	expect(input).toHaveFocus();
	await userEvent.type(input, 's3cret-pass{Enter}');
	expect(goOn).toHaveBeenCalledWith('b1', { field: 'wifi_password', value: null, secret: 's3cret-pass' });
	expect(held(container)).not.toContain('s3cret-pass');
});

test('a slot is told apart from the network, and nothing has to be typed for it', async () => {
	const goOn = vi.fn(() => Promise.resolve());
	const view = batch({ phase: 'stopped', failed: 5, stop: slotStop() });
	const { container } = await opened(calls([view], rows(12), { goOn }));
	const told = container.querySelector('[data-stop]');
	expect(told).toHaveAttribute('data-shared', 'slot');
	expect(told).toHaveTextContent(fill(w.batch.stopSlot, { n: 5, slot: 'slot 4' }));
	expect(told?.querySelector('input')).toBeNull();
	await userEvent.keyboard('{Enter}');
	expect(goOn).toHaveBeenCalledWith('b1', { field: 'slot', value: null, secret: null });
});

test('a field that must be filled says so and sends nothing; the focus stays through every update', async () => {
	const goOn = vi.fn(() => Promise.resolve());
	const view = batch({
		phase: 'stopped',
		failed: 5,
		stop: stop({ field: 'owner', shared: { kind: 'batch' } })
	});
	const { tell } = await opened(calls([view], rows(12), { goOn }));
	const input = screen.getByLabelText(w.batch.fields.owner.label);
	await userEvent.type(input, '{Enter}');
	expect(input).toHaveAccessibleDescription(w.batch.fieldEmpty);
	expect(goOn).not.toHaveBeenCalled();
	await userEvent.type(input, '4');
	await tell({ batch: { ...view, last: 1 }, rows: [] });
	expect(input).toHaveFocus();
	await userEvent.keyboard('2{Enter}');
	expect(goOn).toHaveBeenCalledWith('b1', { field: 'owner', value: '42', secret: null });
});

test('the unit that goes first says what it proves, and then that all may go', async () => {
	const { container, tell } = await opened(calls([batch({ canary: 'alone' })], rows(12)));
	expect(screen.getByText(w.batch.canary.alone.hint)).toBeVisible();
	const first = row(1, { state: 'running', step: 'join' });
	await tell({ batch: batch({ canary: 'alone', running: 1, running_ble: 1 }), rows: [first] });
	expect(container.querySelector('[data-canary="alone"]')).toHaveTextContent(
		fill(w.batch.canaryUnit, { unit: 'Lamp 1' })
	);
	await tell({
		batch: batch({ canary: 'passed', passed: 1 }),
		rows: [row(1, { state: 'ended', outcome: 'passed' })]
	});
	expect(container.querySelector('[data-canary="passed"]')).not.toBeNull();
});

test('a batch that is not finished says what becomes of each row before it goes on', async () => {
	const resume = vi.fn(() => Promise.resolve());
	const wanted = plan({ waiting: 7, cut_off: 2, unknown: 1, failed: 2 });
	const view = batch({ phase: 'interrupted', failed: 2, unknown: 1 });
	const { batches } = await opened(
		calls([view], rows(12), { resumePlan: () => Promise.resolve(wanted), resume })
	);
	await userEvent.click(button(new RegExp(`^${w.batch.take}`)));
	await vi.waitFor(() => expect(batches.plan).not.toBeNull());
	await tick();
	for (const [sentence, n] of [
		[w.batch.resumeCutOff, 2],
		[w.batch.resumeWaiting, 7],
		[w.batch.resumeUnknown, 1],
		[w.batch.resumeFailed, 2]
	] as const)
		expect(screen.getByText(fill(sentence, { n }))).toBeVisible();
	await userEvent.click(screen.getByRole('checkbox'));
	expect(screen.getByText(fill(w.batch.resumeFailedAgain, { n: 2 }))).toBeVisible();
	await userEvent.click(button(w.batch.resume));
	expect(resume).toHaveBeenCalledWith('b1', null, true);
});

test('where the devices’ secrets are gone with their file, it does not go on without them', async () => {
	const wanted = plan({ waiting: 3, file: '/gone/units.csv', file_there: false });
	const { batches } = await opened(
		calls([batch({ phase: 'interrupted' })], rows(12), { resumePlan: () => Promise.resolve(wanted) })
	);
	await batches.look('b1');
	await tick();
	expect(screen.getByText(fill(w.batch.resumeFileGone, { path: '/gone/units.csv' }))).toBeVisible();
	expect(button(w.batch.resume)).toBeDisabled();
});

test('a file that is dropped on any screen is opened here; one that is no table is refused with its reason', async () => {
	const { batches, shown, drop } = await opened(calls([], []));
	await drop({ kind: 'over', name: 'units.csv' });
	expect(batches.over).toBe('units.csv');
	await drop({ kind: 'opened', file: file() });
	expect(batches.over).toBeNull();
	expect(shown).toHaveBeenCalledTimes(1);
	expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('units.csv');
	await drop({
		kind: 'refused',
		refusal: {
			reasons: [
				{ code: 'refused.file_unreadable', why: 'file.no_table', about: { path: 'photo.png', said: 'bad' } }
			]
		}
	});
	expect(screen.getByRole('alert')).toHaveTextContent('It is no table: “bad”.');
});

test('a column is given its meaning, and a check that was made before is not valid any more', async () => {
	const map = vi.fn((_: string, columns: [string, string][]) =>
		Promise.resolve(
			file({
				columns: [{ heading: 'Tag', meaning: columns[0]![1] }, file().columns[1]!],
				mapping_remembered: true
			})
		)
	);
	const checked = vi.fn(() => Promise.resolve(check()));
	const { drop, batches } = await opened(calls([], [], { map, check: checked }));
	await drop({ kind: 'opened', file: file() });
	expect(screen.getByText(w.batch.nextDevice)).toBeVisible();
	await userEvent.click(button(w.batch.check));
	expect(batches.stale).toBe(false);
	await userEvent.selectOptions(screen.getByLabelText(fill(w.batch.meaningOf, { heading: 'Tag' })), 'unit');
	expect(map).toHaveBeenCalledWith('f1', [['Tag', 'unit']]);
	expect(batches.stale).toBe(true);
	expect(screen.queryByRole('button', { name: fill(w.batch.begin, { n: 12 }) })).toBeNull();
	expect(screen.getByText(w.batch.columnsRemembered)).toBeVisible();
});

test('everything that is wrong is shown by its cause, with row and column, and the sound rows can begin', async () => {
	const problems = [
		problem(2),
		problem(5),
		problem(3, { code: 'batch.owner_missing', column: null, about: {} }),
		problem(4, { code: 'batch.owner_missing', column: null, about: {} })
	];
	expect(grouped(problems).map((group) => group.problems.length)).toEqual([2, 2]);
	const start = vi.fn(() => Promise.resolve('b1'));
	const saveProblems = vi.fn(() => Promise.resolve('/tmp/units-problems.csv'));
	const { drop, container } = await opened(
		calls([], rows(12), { check: () => Promise.resolve(check(problems)), start, saveProblems })
	);
	await drop({ kind: 'opened', file: file() });
	await userEvent.click(button(w.batch.check));
	expect(container.querySelectorAll('[data-problem]')).toHaveLength(2);
	expect(screen.getByText(fill(w.batch.problems['batch.mac_bad'].what, { unit: 'U5' }))).toBeVisible();
	expect(screen.getAllByText(w.batch.problems['batch.owner_missing'].what)).toHaveLength(1);
	expect(screen.getByText(fill(w.batch.placeLine, { row: 4, line: 5 }))).toBeVisible();
	await userEvent.click(button(w.batch.saveProblems));
	expect(saveProblems).toHaveBeenCalledWith(
		'f1',
		expect.anything(),
		fill(w.batch.problemsName, { name: 'units' })
	);
	expect(screen.getByText(fill(w.batch.savedTo, { path: '/tmp/units-problems.csv' }))).toBeVisible();
	await userEvent.click(button(fill(w.batch.beginSound, { n: 8 })));
	expect(start).toHaveBeenCalledWith('f1', expect.objectContaining({ leave_out: true }));
});

test('where nothing is wrong Enter begins, with what was typed, and the password leaves the page', async () => {
	const start = vi.fn(() => Promise.resolve('b1'));
	const networks = () => Promise.resolve([{ ssid: 'Hall', kept: false }]);
	const { drop, container } = await opened(
		calls([], rows(12), { check: () => Promise.resolve(check()), start, networks })
	);
	await drop({ kind: 'opened', file: file() });
	await userEvent.type(await screen.findByLabelText(w.batch.password), 's3cret-pass');
	await userEvent.type(screen.getByLabelText(w.batch.owner), '7');
	await userEvent.click(button(w.batch.check));
	await vi.waitFor(() => expect(button(fill(w.batch.begin, { n: 12 }))).toHaveFocus());
	await userEvent.keyboard('{Enter}');
	expect(start).toHaveBeenCalledWith(
		'f1',
		expect.objectContaining({
			ssid: 'Hall',
			password: 's3cret-pass',
			owner: '7',
			leave_out: false,
			canary: null
		})
	);
	expect(held(container)).not.toContain('s3cret-pass');
});

test('a number that is none is told at its field, and nothing is checked', async () => {
	const { drop } = await opened(calls([], []));
	await drop({ kind: 'opened', file: file() });
	await userEvent.type(screen.getByLabelText(w.batch.owner), 'nobody');
	expect(screen.getByLabelText(w.batch.owner)).toBeInvalid();
	expect(button(w.batch.check)).toBeDisabled();
});

test('a row shows what it got and what went wrong, and can be run again while the batch runs', async () => {
	const all = rows(12);
	all[2] = row(3, {
		state: 'ended',
		outcome: 'failed',
		fault: 'wifi.password_refused',
		unit: 'U3',
		attempts: 1
	});
	const retry = vi.fn(() => Promise.resolve());
	const { container } = await opened(calls([batch({ failed: 1 })], all, { retry }));
	await userEvent.click(screen.getByText('U3'));
	await vi.waitFor(() => expect(container.querySelector('[data-row="3"]')).not.toBeNull());
	expect(container.querySelector('[data-fault]')).toHaveTextContent(
		'The network Workshop 2G refused the password.'
	);
	await userEvent.click(button(w.batch.retryRow));
	expect(retry).toHaveBeenCalledWith('b1', [3]);
});

test('leaving a batch asks first', async () => {
	const leave = vi.fn(() => Promise.resolve());
	const resumePlan = () => Promise.resolve(plan({ waiting: 12 }));
	const { tell } = await opened(calls([batch()], rows(12), { leave, resumePlan }));
	await userEvent.click(button(w.batch.letGo));
	expect(leave).not.toHaveBeenCalled();
	await userEvent.click(button(w.batch.letGoYes));
	expect(leave).toHaveBeenCalledWith('b1');
	await tell({ batch: batch({ phase: 'interrupted' }), rows: [] });
	expect(await screen.findByText(fill(w.batch.resumeWaiting, { n: 12 }))).toBeVisible();
	expect(button(w.batch.resume)).toHaveFocus();
});

test('what is left is told in words of a day’s plan', () => {
	expect(remaining(20_000)).toBe(w.batch.leftSoon);
	const told = (time: string) => fill(w.batch.left, { time });
	expect(remaining(5 * 60_000)).toBe(told(fill(w.batch.time.minutes, { m: 5 })));
	expect(remaining(80 * 60_000)).toBe(told(fill(w.batch.time.hours, { h: 1, m: 20 })));
});
