import type { Backend, KeyPress, StationView } from '$lib/backend/backend';
import { replay } from '$lib/backend/replay';
import { noStation } from '$lib/backend/station';
import { moment, w } from '$lib/words';
import { cleanup, render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { PlanDraft } from './plan.svelte';
import { SOUNDS } from './sounds';
import { Line } from './station.svelte';
import Station from './Station.svelte';

afterEach(cleanup);

const tile = (number: number, changes: Partial<StationView['tiles'][number]> = {}) => ({
	number,
	name: String(number),
	place: null,
	present: false,
	state: 'free' as const,
	step: null,
	unit: null,
	label: null,
	job: null,
	began: null,
	ended: null,
	fault: null,
	held: null,
	printer: null,
	...changes
});
function view(changes: Partial<StationView> = {}): StationView {
	return {
		plan: {
			id: 's',
			name: 'Line 1',
			slots: [],
			scan: {
				prefix: '',
				gap_ms: 35,
				least: 4,
				operator: null,
				work_order: null,
				shift: null,
				labels: [],
				name: null
			},
			label: null,
			takt_target_s: null
		},
		locked: false,
		armed: null,
		operator: null,
		work_order: null,
		shift: null,
		tiles: [tile(1), tile(2)],
		selected: null,
		learning: null,
		waiting_label: null,
		heard: null,
		cue: null,
		counters: { passed: 0, failed: 0, unknown: 0, held: 0 },
		takt: { target_ms: null, actual_ms: null, last_pass: null },
		...changes
	};
}
const ARMED = {
	since: 0,
	server: 'https://cloud.practice.test',
	ssid: 'Workshop 2G',
	owner: 1,
	template: null,
	rules: { min_firmware: null, once: true, label_first: false, typed_labels: false, operator_needed: false },
	order: null
};

async function opened(first: StationView | null, calls: Partial<Backend['station']> = {}) {
	let show: (view: StationView | null) => void = () => {};
	const watch: Backend['station']['watch'] = (on) => {
		show = on;
		on(first);
		return Promise.resolve(() => {});
	};
	const keys = vi.fn((pressed: KeyPress[]) => Promise.resolve(void pressed));
	const sound = vi.fn();
	const line = new Line({ ...replay(), station: { ...noStation, watch, keys, ...calls } }, sound);
	const shown = render(Station, { line, settings: null, practice: true });
	await vi.waitFor(() => expect(line.ready).toBe(true));
	return { line, keys, sound, show: (view: StationView) => show(view), ...shown };
}
/** What a wedge does: keys, one right after the other, and Enter. */
function scan(text: string) {
	for (const key of [...text, 'Enter'])
		(document.activeElement ?? document.body).dispatchEvent(
			new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
		);
}
const typed = (keys: ReturnType<typeof vi.fn>) =>
	keys.mock.calls.flatMap(([group]) => (group as KeyPress[]).map((press) => press.key)).join('');

test('the scan line hears everything, wherever the focus is, also on a button', async () => {
	const { keys } = await opened(view());
	screen.getByRole('button', { name: w.station.mute }).focus();
	scan('FIRSTLIGHTGO');
	await vi.waitFor(() => expect(typed(keys)).toBe('FIRSTLIGHTGOEnter'));
	expect(screen.getByRole('button', { name: w.station.mute })).toBeVisible();
});

test('what is typed into a form stays there', async () => {
	const { keys } = await opened(view());
	await userEvent.click(screen.getByRole('button', { name: w.station.arm }));
	await userEvent.type(screen.getByLabelText(w.station.ssid), 'Hall');
	expect(keys).not.toHaveBeenCalled();
	expect(screen.getByLabelText<HTMLInputElement>(w.station.ssid).value).toBe('Hall');
});

test('a sound is played once for each new cue, and never for what was before', async () => {
	const { sound, show } = await opened(view({ cue: { number: 7, kind: 'failed' } }));
	expect(sound).not.toHaveBeenCalled();
	show(view({ cue: { number: 8, kind: 'passed' } }));
	show(view({ cue: { number: 8, kind: 'passed' } }));
	expect(sound.mock.calls).toEqual([['passed']]);
});

test('no two sounds are alike, and good and bad differ in direction and height', () => {
	const shapes = Object.values(SOUNDS).map((notes) => JSON.stringify(notes));
	expect(new Set(shapes).size).toBe(shapes.length);
	const heights = (kind: keyof typeof SOUNDS) => SOUNDS[kind].map((note) => note.hertz);
	expect(heights('passed').at(-1)).toBeGreaterThan(heights('passed')[0]!);
	expect(Math.max(...heights('failed'))).toBeLessThan(Math.min(...heights('passed')) / 2);
	expect(SOUNDS.attention.length).not.toBe(SOUNDS.passed.length);
});

test('every state of a slot has its word and says what to do', async () => {
	const states = Object.keys(w.station.states) as StationView['tiles'][number]['state'][];
	const { container } = await opened(view({ tiles: states.map((state, i) => tile(i + 1, { state })) }));
	for (const [i, state] of states.entries()) {
		const shown = container.querySelector(`[data-tile="${i + 1}"]`);
		expect(shown).toHaveTextContent(w.station.states[state]);
		if (['passed', 'failed', 'unknown'].includes(state)) expect(shown?.querySelector('svg')).not.toBeNull();
	}
});

test('a station that a lead locked asks for the PIN, which leaves the page with the call', async () => {
	const disarm = vi.fn((pin: string | null) => Promise.resolve(void pin));
	const { container } = await opened(view({ locked: true, armed: ARMED }), { disarm });
	await userEvent.click(screen.getByRole('button', { name: w.station.disarm }));
	await userEvent.type(screen.getByLabelText(w.station.pin), '4711');
	await userEvent.keyboard('{Enter}');
	expect(disarm).toHaveBeenCalledWith('4711');
	const held = container.innerHTML + [...container.querySelectorAll('input')].map((input) => input.value);
	expect(held).not.toContain('4711');
});

test('an armed and locked station cannot be left by keys', async () => {
	await opened(view({ locked: true, armed: ARMED }));
	const event = new KeyboardEvent('keydown', { key: '1', ctrlKey: true, bubbles: true, cancelable: true });
	document.body.dispatchEvent(event);
	expect(event.defaultPrevented).toBe(true);
});

test('arming without a network is told at its field, and nothing is sent', async () => {
	const arm = vi.fn(() => Promise.resolve());
	await opened(view(), { arm });
	await userEvent.click(screen.getByRole('button', { name: w.station.arm }));
	await userEvent.click(screen.getByRole('button', { name: w.station.arm }));
	expect(screen.getByLabelText(w.station.ssid)).toBeInvalid();
	expect(arm).not.toHaveBeenCalled();
});

test('a computer without a station says what one is, and sets one up', async () => {
	const save = vi.fn((plan: StationView['plan']) => Promise.resolve(void plan));
	await opened(null, { save });
	await userEvent.click(screen.getByRole('button', { name: w.station.setUp }));
	await userEvent.type(screen.getByLabelText(w.station.name), 'Line 1');
	const slots = screen.getByLabelText(w.station.slots);
	await userEvent.clear(slots);
	await userEvent.type(slots, '25');
	expect(slots).toHaveAccessibleDescription(w.station.slotsBad);
	await userEvent.clear(slots);
	await userEvent.type(slots, '6{Enter}');
	expect(save.mock.calls[0]![0]).toMatchObject({ name: 'Line 1' });
	expect(save.mock.calls[0]![0].slots).toHaveLength(6);
});

const LABEL = {
	printer: { kind: 'network', address: '192.0.2.7:9100', dpi: 300 },
	width_mm: 40,
	height_mm: 20,
	lines: ['{name}'],
	code: '{mac}',
	symbol: 'qr',
	scan_back: false
} as const;
const planned = (): StationView['plan'] => ({
	...view().plan,
	slots: [
		{ name: '1', place: { kind: 'usb', path: '1-1.1' } },
		{ name: '2', place: { kind: 'ble', adapter: 'hci1' } },
		{ name: '3', place: null }
	],
	label: { ...LABEL, lines: [...LABEL.lines] },
	takt_target_s: 10
});

test('a plan that is opened and saved is the same plan', () => {
	expect(new PlanDraft(planned()).wanted(planned())).toEqual(planned());
	expect(new PlanDraft(planned()).complete).toBe(true);
});

test('a socket that is learned while the form is open is kept, and radio is chosen by hand', () => {
	const draft = new PlanDraft(planned());
	const by_now = planned();
	by_now.slots[2]!.place = { kind: 'usb', path: '1-1.3' };
	draft.slots[1]!.adapter = '';
	expect(draft.wanted(by_now).slots.map((slot) => slot.place)).toEqual([
		{ kind: 'usb', path: '1-1.1' },
		{ kind: 'ble', adapter: null },
		{ kind: 'usb', path: '1-1.3' }
	]);
});

test.each([
	['width', (draft: PlanDraft): unknown => (draft.width = '9')],
	['height', (draft: PlanDraft): unknown => (draft.height = '301')],
	['address', (draft: PlanDraft): unknown => (draft.address = 'printer')],
	['text', (draft: PlanDraft): unknown => (draft.text = '{token}')],
	['text', (draft: PlanDraft): unknown => (draft.text = Array(9).fill('x').join('\n'))],
	['code', (draft: PlanDraft): unknown => (draft.code = ' ')],
	['slots', (draft: PlanDraft): unknown => (draft.slots[1]!.name = '1')],
	['gap', (draft: PlanDraft): unknown => (draft.gap = '0')],
	['takt', (draft: PlanDraft): unknown => (draft.takt = 'soon')],
	['count', (draft: PlanDraft): unknown => (draft.count = '25')]
] as const)('a wrong %s is told at its field and not saved', (field, spoil) => {
	const draft = new PlanDraft(planned());
	spoil(draft);
	expect(draft.problems[field]).not.toBeNull();
	expect(draft.complete).toBe(false);
});

test.each([
	[{ kind: 'command', about: { command: 'set_aside' } }, 'Understood: Set aside.'],
	[{ kind: 'command', about: { command: 'slot', slot: '2' } }, 'Understood: Slot 2.'],
	[{ kind: 'field', about: { field: 'work_order', value: 'WO-7' } }, 'Work order: WO-7.'],
	[{ kind: 'bad_field', about: { field: 'operator' } }, 'Operator: this does not fit its pattern.'],
	[{ kind: 'not_this_label', about: { expected: 'A1' } }, 'This is another label. Expected: A1.'],
	[{ kind: 'scanned_back', about: { slot: '1' } }, 'The label fits its unit: ready to ship.']
] as const)('what was heard is said in words: %o', async (heard, sentence) => {
	await opened(view({ armed: ARMED, heard: { number: 1, held: null, ...heard } }));
	expect(screen.getByText(sentence)).toBeInTheDocument();
});

test('a unit that passed before is held with by whom, when and where', async () => {
	const at = Date.UTC(2026, 0, 2, 12);
	const about = { by: 'Anna', at: String(at), station: 'Hall 2' };
	const held = tile(1, { state: 'held', held: { why: 'already_done', about } });
	await opened(view({ armed: ARMED, tiles: [held] }));
	const sentence = `This unit has passed before, by Anna, on ${moment(at)}, at Hall 2.`;
	expect(screen.getByText(sentence)).toBeInTheDocument();
});

test('a test label says what the printer lacks, in words', async () => {
	const tryLabel = vi.fn(() => Promise.resolve('paper_out' as const));
	const { container } = await opened(view({ plan: planned() }), { tryLabel });
	await userEvent.click(screen.getByRole('button', { name: w.station.change }));
	for (const part of container.querySelectorAll('details')) part.open = true;
	await userEvent.click(screen.getByRole('button', { name: w.station.tryLabel }));
	expect(tryLabel).toHaveBeenCalledWith(planned().label, null);
	expect(await screen.findByText(w.station.printer.paper_out)).toBeInTheDocument();
});

test('somebody without a scanner signs on; only what changed is said', async () => {
	const signOn = vi.fn(() => Promise.resolve());
	await opened(view({ operator: 'OP-1', shift: 'early' }), { signOn });
	await userEvent.click(screen.getByRole('button', { name: w.station.signOn }));
	await userEvent.clear(screen.getByLabelText(w.station.operator));
	await userEvent.type(screen.getByLabelText(w.station.workOrder), ' WO-7 {Enter}');
	expect(signOn.mock.calls).toEqual([
		['operator', null],
		['work_order', 'WO-7']
	]);
});

test('the sheet of codes has every name that was typed, and says where it lies', async () => {
	const codes = vi.fn(() => Promise.resolve('/home/lead/codes.html'));
	await opened(view(), { codes });
	await userEvent.click(screen.getByRole('button', { name: w.station.codes }));
	await userEvent.type(screen.getByLabelText(w.station.codesOperators), 'OP-1{Enter} OP-2');
	await userEvent.click(screen.getByRole('button', { name: w.station.codesSave }));
	expect(codes).toHaveBeenCalledWith(
		'en',
		'Line 1',
		'qr',
		[
			['operator', 'OP-1'],
			['operator', 'OP-2']
		],
		w.station.codeWords
	);
	expect(await screen.findByText(/\/home\/lead\/codes\.html/)).toBeInTheDocument();
});
