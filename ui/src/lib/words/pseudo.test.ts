/**
 * All that a person reads comes from the catalogues: they are replaced by an invented language, every screen is drawn, and
 * what is left in plain letters must be what devices, clouds and people are called.
 */
import { ended, played, running } from '$lib/backend/played';
import type { InsightsView, StationView, TileView } from '$lib/backend/backend';
import * as views from '$lib/backend/batchViews';
import { recording, replay } from '$lib/backend/replay';
import { noStation } from '$lib/backend/station';
import Batch from '$lib/batch/Batch.svelte';
import { Batches } from '$lib/batch/batch.svelte';
import { w } from '$lib/words';
import { cleanup, render } from '@testing-library/svelte';
import type { Component } from 'svelte';
import { tick } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import Health from '$lib/health/Health.svelte';
import Insights from '$lib/insights/Insights.svelte';
import Profiles from '$lib/profiles/Profiles.svelte';
import After from '$lib/provision/After.svelte';
import Job from '$lib/provision/Job.svelte';
import { Provision } from '$lib/provision/provision.svelte';
import Setup from '$lib/provision/Setup.svelte';
import Sightings from '$lib/provision/Sightings.svelte';
import Palette from '$lib/shell/Palette.svelte';
import Shortcuts from '$lib/shell/Shortcuts.svelte';
import StatusStrip from '$lib/shell/StatusStrip.svelte';
import { Line } from '$lib/station/station.svelte';
import Station from '$lib/station/Station.svelte';
import Leftovers from '$lib/units/Leftovers.svelte';
import Units from '$lib/units/Units.svelte';

const invented = vi.hoisted(() => {
	const sentence = (text: string): string => `⟦${text}⟧`;
	const all = (value: unknown): unknown =>
		typeof value === 'string'
			? sentence(value)
			: typeof value === 'object' && value !== null
				? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, all(inner)]))
				: value;
	return all as <T>(value: T) => T;
});
vi.mock('$lib/words/en', async (original) => invented(await original<object>()));
vi.mock('$lib/words/checkup', async (original) => invented(await original<object>()));
vi.mock('$lib/words/whys', async (original) => invented(await original<object>()));
vi.mock('$lib/words/faults.en', async (original) => invented(await original<object>()));

afterEach(cleanup);

/** Fields of views that hold names: of things, not sentences of ours. */
const NAMES = new Set(
	'address board chain code detail driver firmware host id ip key name path product serial server ssid template text unit vendor version wifi'.split(
		' '
	)
);
function names(value: unknown, under = ''): string[] {
	if (typeof value === 'string') return NAMES.has(under) ? [value] : [];
	if (Array.isArray(value)) return value.flatMap((item) => names(item, under));
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => [...names(inner, key)]);
}
const letters = (text: string): string[] => text.match(/\p{L}{2,}/gu) ?? [];
/** Keys of the keyboard, a unit, and the parts of a time of day. */
const OURS = ['Ctrl', 'Enter', 'Tab', 'Esc', 'GHz', 'Jan', 'AM', 'PM'];
const known = new Set([...names(recording).flatMap(letters), ...OURS]);

function read(container: Element): string[] {
	const texts: string[] = [];
	const walker = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) texts.push(walker.currentNode.textContent ?? '');
	for (const element of container.querySelectorAll('*'))
		for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
			texts.push(element.getAttribute(name) ?? '');
	return texts;
}

function plain(text: string): string[] {
	let rest = text;
	for (let before = ''; before !== rest;) {
		before = rest;
		rest = rest.replace(/⟦[^⟦⟧]*⟧/gu, ' ');
	}
	return letters(rest).filter((word) => !known.has(word));
}

function check(container: Element) {
	const texts = read(container);
	expect(texts.join('')).toContain('⟦');
	expect(texts.filter((text) => plain(text).length > 0)).toEqual([]);
}

const nothing = () => {};
const calls = { stop: nothing, again: nothing, another: nothing, checkAgain: nothing };

test.each(['passed', 'failed', 'unknown', 'skipped', 'running'] as const)('a job, %s', (outcome) => {
	const job = outcome === 'running' ? running() : ended(outcome);
	check(render(Job, { job, ...calls }).container);
});

test('the devices in sight, and none', async () => {
	const desk = await played();
	check(render(Sightings, { sightings: Object.values(desk.sightings), choose: nothing }).container);
	check(render(Sightings, { sightings: [], choose: nothing }).container);
});

test('what a device is to be given', async () => {
	const desk = await played();
	for (const key of Object.keys(recording.looks)) {
		const state = new Provision(desk);
		await state.choose(key);
		state.password = '"short"';
		state.asked = true;
		check(render(Setup, { state }).container);
		cleanup();
	}
});

test('a device that could not be asked', async () => {
	const desk = await played({ look: () => Promise.reject({ fault: ended('failed').fault }) });
	const state = new Provision(desk);
	await state.choose(recording.view.sightings[0]!.key);
	check(render(Setup, { state }).container);
});

test('a device after its pass', async () => {
	const fields = [{ id: 7, name: '', kind: 'switch' as const, value: null, hint: null }];
	const backend = { ...replay(), fields: () => Promise.resolve(fields) };
	const { container } = render(After, { backend, unit: '', name: null, practice: true });
	container.querySelector<HTMLButtonElement>('button:not([type=submit])')?.click();
	await vi.waitFor(() => expect(container.querySelector('select')).not.toBeNull());
	check(container);
});

test('leftovers in the cloud, before and after a yes', async () => {
	const ghost = { device: 1, server: 's', unit: null, made: 0, swept: false, fault: null };
	const desk = await played({ ghosts: () => Promise.resolve([ghost]) });
	const { container } = render(Leftovers, { desk });
	for (let i = 0; i < 2; i++) {
		[...container.querySelectorAll<HTMLButtonElement>('button')].at(-1)?.click();
		await vi.waitFor(() => expect(container.querySelectorAll('li')).toHaveLength(1));
		await tick();
		check(container);
	}
});

test('all devices and the history of each', async () => {
	const desk = await played();
	const { container } = render(Units, { desk });
	const rows = container.querySelectorAll<HTMLElement>('[role=rowgroup] [role=row]');
	expect(rows.length).toBe(Object.keys(desk.units).length);
	for (const row of rows) {
		row.click();
		await vi.waitFor(() => expect(container.querySelectorAll('ol li').length).toBeGreaterThan(0));
		await tick();
		check(container);
	}
});

test.each([
	['profiles', Profiles],
	['help and health', Health]
])('%s', async (_, Screen) => {
	const desk = await played();
	const { container } = render(Screen as Component<{ desk: typeof desk }>, { desk });
	container.querySelector('form')?.requestSubmit();
	await tick();
	check(container);
});

/** Names of what these batches hold: units, networks, columns. */
const OF_BATCHES = ['Lamp', 'Workshop', 'Hall', 'Tag', 'name', 'units', 'csv', 'UTF', 'slot', 'tmp'];

async function batches(
	view: Parameters<typeof views.calls>[0],
	more: Parameters<typeof views.calls>[2] = {}
) {
	OF_BATCHES.forEach((name) => known.add(name));
	Element.prototype.scrollIntoView = nothing;
	const state = new Batches({ ...replay(), batches: views.calls(view, views.rows(12), more) });
	await state.open();
	const { container } = render(Batch, { batches: state, settings: recording.view.settings, practice: true });
	await tick();
	return { state, container };
}

test('batches: none, a file, and everything that can be wrong with it', async () => {
	const problems = (Object.keys(w.batch.problems) as (keyof typeof w.batch.problems)[]).flatMap((code) => [
		views.problem(1, { code, about: {} }),
		views.problem(null, { code, about: {} })
	]);
	for (const found of [[], problems]) {
		const { state, container } = await batches([views.batch({ phase: 'interrupted' })], {
			sample: () => Promise.resolve(views.file()),
			networks: () => Promise.resolve([{ ssid: 'Hall', kept: false }]),
			check: () => Promise.resolve(views.check(found))
		});
		check(container);
		await state.sample();
		await tick();
		check(container);
		await state.dryRun();
		await tick();
		check(container);
		cleanup();
	}
});

test.each([
	['alone', views.batch({ canary: 'alone' })],
	[
		'on its way',
		views.batch({ canary: 'passed', passed: 3, failed: 1, running: 2, rate_per_minute: 4, left_ms: 9e6 })
	],
	['paused', views.batch({ phase: 'paused', running: 1 })],
	...(['network', 'slot', 'firmware', 'batch'] as const).map(
		(kind) =>
			[
				`stopped for a ${kind}`,
				views.batch({
					phase: 'stopped',
					stop: views.stop({ shared: { kind, ssid: 'Hall', slot: 'slot 4', firmware: '1' } as never })
				})
			] as const
	),
	...(Object.keys(w.batch.fields) as (keyof typeof w.batch.fields)[]).map(
		(field) =>
			[
				`stopped: ${field}`,
				views.batch({ phase: 'stopped', stop: views.stop({ field, canary: true }) })
			] as const
	),
	['over', views.batch({ phase: 'ended', passed: 12 })],
	['over, mixed', views.batch({ phase: 'ended', passed: 8, failed: 2, unknown: 1, skipped: 1 })],
	[
		'taken up',
		views.batch({
			settled: (Object.keys(w.batch.verdicts) as (keyof typeof w.batch.verdicts)[]).map((verdict) => ({
				row: 1,
				unit: null,
				verdict
			})),
			strangers: [{ address: '24:6F', unit: null, fault: views.stop().fault }]
		})
	]
] as const)('a batch: %s', async (_, view) => {
	const { state, container } = await batches([view]);
	await state.look(view.id);
	state.select(1);
	await vi.waitFor(() => expect(container.querySelector('[data-row]')).not.toBeNull());
	await tick();
	check(container);
});

test('a batch that is not finished', async () => {
	const resumePlan = () =>
		Promise.resolve(
			views.plan({
				waiting: 1,
				cut_off: 1,
				again: 1,
				unknown: 1,
				failed: 1,
				passwords: ['Hall'],
				stop: views.stop()
			})
		);
	const view = views.batch({ phase: 'interrupted' });
	const { state, container } = await batches([view], { resumePlan });
	await state.look(view.id);
	await tick();
	check(container);
});

test('the status strip and the palette', async () => {
	const desk = await played();
	check(render(StatusStrip, { status: desk.status }).container);
	cleanup();
	check(render(Palette, { commands: [] }).container);
});

/** Without names that a person has given, so that every letter on screen is ours. */
const nameless = {
	name: '',
	scan: {
		prefix: '',
		gap_ms: 35,
		least: 4,
		operator: null,
		work_order: null,
		shift: null,
		labels: [],
		name: null
	}
};
const rules = {
	min_firmware: null,
	once: true,
	label_first: false,
	typed_labels: false,
	operator_needed: false
};
const EMPTY: StationView = {
	plan: { id: '', slots: [], label: null, takt_target_s: 10, ...nameless },
	locked: true,
	armed: null,
	operator: null,
	work_order: null,
	shift: null,
	tiles: [],
	selected: null,
	learning: null,
	waiting_label: null,
	heard: null,
	cue: null,
	counters: { passed: 1, failed: 2, unknown: 3, held: 4 },
	takt: { target_ms: 10_000, actual_ms: 12_000, last_pass: 0 }
};
const STATES: Record<TileView['state'], true> = {
	unbound: true,
	free: true,
	wants_label: true,
	wants_device: true,
	held: true,
	running: true,
	printing: true,
	printer_waits: true,
	label_uncertain: true,
	scan_back: true,
	passed: true,
	failed: true,
	unknown: true
};
const tile = (state: TileView['state'], at: number): TileView => ({
	number: at + 1,
	name: String(at + 1),
	place: null,
	present: true,
	state,
	step: state === 'running' ? 'join' : null,
	unit: null,
	label: null,
	job: null,
	began: 0,
	ended: 1000,
	fault: state === 'failed' ? ended('failed').fault : null,
	held: state === 'held' ? { why: 'nobody_signed_on', about: {} } : null,
	printer: null
});
const TILES = (Object.keys(STATES) as TileView['state'][]).map(tile);

test.each([
	['not set up', null],
	['not armed', EMPTY],
	['armed, with a slot in every state', { ...EMPTY, tiles: TILES, armed: armed() }]
] satisfies [string, StationView | null][])('the station, %s, and each of its forms', async (_, view) => {
	const watch = (on: (view: StationView | null) => void) => {
		on(view);
		return Promise.resolve(nothing);
	};
	const line = new Line({ ...replay(), station: { ...noStation, watch } }, nothing);
	const { container } = render(Station, { line, settings: null, practice: false });
	await vi.waitFor(() => expect(line.ready).toBe(true));
	await tick();
	check(container);
	const forms = container.querySelectorAll('button').length;
	for (let i = 0; i < forms; i++) {
		container.querySelectorAll('button')[i]?.click();
		await tick();
		check(container);
	}
});
function armed(): StationView['armed'] {
	return { since: 0, server: '', ssid: null, owner: 1, template: null, rules, order: null };
}

test('what the line makes, and nothing of it yet', async () => {
	const empty = await noStation.insights({} as Parameters<typeof noStation.insights>[0]);
	const share = { part: 3, of: 4, ratio: 0.75 };
	const yields = {
		...empty.all,
		first_pass: share,
		second_pass: share,
		last_pass: share,
		runs: 4,
		failed: 1
	};
	const times = { count: 4, least: 1, median: 2, p95: 3, most: 4 };
	const full = {
		...empty,
		all: yields,
		days: [{ day: '2026-11-27', yields }],
		causes: [
			{
				code: 'wifi.password_refused',
				step: 'join',
				blame: 'network',
				runs: 1,
				units: 1,
				share: 1,
				cumulative: 1
			},
			{ code: null, step: null, blame: null, runs: 1, units: 1, share: 1, cumulative: 1 }
		],
		steps: [{ step: 'join', times }],
		cycle: times,
		takt: times
	} satisfies InsightsView as InsightsView;
	for (const view of [empty, full]) {
		const backend = { ...replay(), station: { ...noStation, insights: () => Promise.resolve(view) } };
		const { container } = render(Insights, { backend });
		await vi.waitFor(() => expect(container.querySelector('h2, h3')).not.toBeNull());
		await tick();
		check(container);
		cleanup();
	}
});

test('what the keys do', () => {
	HTMLDialogElement.prototype.showModal = vi.fn();
	check(render(Shortcuts, { screens: [{ name: '' }], open: true }).container);
});
