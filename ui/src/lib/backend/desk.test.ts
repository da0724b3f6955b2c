/** The picture of the world stays true: whatever is lost or late on the way. */
import { expect, test, vi } from 'vitest';
import type { Backend, DeskChange, DeskUpdate, DeskView } from './backend';
import { Desk } from './desk.svelte';
import { recording, replay } from './replay';

const left = (key: string): DeskChange => ({ kind: 'sighting_left', key });
const [first, second] = recording.view.sightings.map((sighting) => sighting.key) as [string, string];
const at = (number: number): DeskView => ({ ...structuredClone(recording.view), number });

/** A desk whose snapshots are answered by hand. */
async function opened() {
	let tell: (updates: DeskUpdate[]) => void = () => {};
	const answers: ((view: DeskView) => void)[] = [];
	const backend: Backend = {
		...replay(),
		watch: (on) => {
			tell = on;
			return Promise.resolve(() => {});
		},
		snapshot: vi.fn(() => new Promise<DeskView>((answer) => answers.push(answer)))
	};
	const desk = new Desk(backend);
	const open = desk.open();
	await vi.waitFor(() => expect(answers).toHaveLength(1));
	answers[0]?.(at(10));
	await open;
	const answer = async (view: DeskView) => {
		answers.at(-1)?.(view);
		await vi.waitFor(() => expect(desk.ready).toBe(true));
		await Promise.resolve();
	};
	return {
		desk,
		backend,
		list: (updates: DeskUpdate[]) => tell(updates),
		tell: (number: number, change: DeskChange) => tell([{ number, change }]),
		answer
	};
}

test('an update that follows is taken without asking again', async () => {
	const { desk, backend, tell } = await opened();
	tell(11, left(first));
	expect(desk.sightings[first]).toBeUndefined();
	expect(backend.snapshot).toHaveBeenCalledTimes(1);
});

test('a missing number asks for a fresh picture instead of a guess', async () => {
	const { desk, backend, tell, answer } = await opened();
	tell(12, left(first));
	expect(desk.sightings[first]).toBeDefined();
	expect(backend.snapshot).toHaveBeenCalledTimes(2);
	const fresh = at(12);
	fresh.sightings = fresh.sightings.filter((sighting) => sighting.key !== second);
	await answer(fresh);
	await vi.waitFor(() => expect(desk.sightings[second]).toBeUndefined());
	tell(13, left(first));
	await vi.waitFor(() => expect(desk.sightings[first]).toBeUndefined());
	expect(backend.snapshot).toHaveBeenCalledTimes(2);
});

test('while drawing takes long, updates are gathered, and all of them are shown in the end', async () => {
	const { desk, tell } = await opened();
	const sighting = recording.view.sightings[0]!;
	const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
	try {
		tell(11, { kind: 'sighting', sighting: { ...sighting, rssi: -90 } });
		expect(desk.sightings[first]?.rssi, 'the first is drawn at once').toBe(-90);
		// Drawing it took a tenth of a second.
		clock.mockReturnValue(100);
		await Promise.resolve();
		await new Promise((done) => setTimeout(done));
		for (const [i, rssi] of [-80, -70, -60].entries())
			tell(12 + i, { kind: 'sighting', sighting: { ...sighting, rssi } });
		expect(desk.sightings[first]?.rssi, 'whoever types goes first').toBe(-90);
		await vi.waitFor(() => expect(desk.sightings[first]?.rssi).toBe(-60));
	} finally {
		clock.mockRestore();
	}
});

test('updates that come while a picture is fetched are held, and taken after it in their order', async () => {
	const { desk, tell, answer } = await opened();
	const sighting = recording.view.sightings[0]!;
	tell(12, left(second));
	tell(13, left(first));
	tell(14, { kind: 'sighting', sighting: { ...sighting, rssi: -30 } });
	await answer(at(12));
	await vi.waitFor(() => expect(desk.sightings[first]?.rssi).toBe(-30));
	expect(desk.sightings[second], 'the picture of number 12 has it; update 12 is in it already').toBeDefined();
});

test('an update that is in the picture already changes nothing', async () => {
	const { desk, backend, tell } = await opened();
	tell(10, left(first));
	expect(desk.sightings[first]).toBeDefined();
	expect(backend.snapshot).toHaveBeenCalledTimes(1);
});

test('a backend that gives no picture says so, and a later one clears it', async () => {
	const backend: Backend = {
		...replay(),
		watch: () => Promise.resolve(() => {}),
		snapshot: () => Promise.reject(new Error('no engine'))
	};
	const desk = new Desk(backend);
	await desk.open();
	expect(JSON.stringify(desk.trouble)).toContain('no engine');
	expect(desk.ready).toBe(false);
	backend.snapshot = () => Promise.resolve(at(0));
	await desk.open();
	expect(desk.trouble).toBeNull();
	expect(desk.ready).toBe(true);
});

test('the whole recording has no gap, and ends in one result for each device', () => {
	const backend: Backend = { ...replay(), snapshot: vi.fn(replay().snapshot) };
	const desk = new Desk(backend);
	recording.updates.forEach((update, i) => expect(update.number).toBe(recording.view.number + 1 + i));
	return desk.refresh().then(() => {
		recording.updates.forEach((update) => desk.take(update));
		expect(backend.snapshot).toHaveBeenCalledTimes(1);
		const outcomes = Object.values(desk.jobs).map((job) => job.outcome);
		expect(new Set(outcomes)).toEqual(new Set(['passed', 'failed', 'unknown', 'skipped']));
		expect(Object.keys(desk.units)).toHaveLength(Object.keys(recording.histories).length);
	});
});

test('a gap in the middle of a list loses nothing of what comes after it', async () => {
	const { desk, list, answer } = await opened();
	const sighting = recording.view.sightings[0]!;
	list([
		{ number: 11, change: left(second) },
		{ number: 13, change: { kind: 'sighting', sighting: { ...sighting, rssi: -31 } } },
		{ number: 14, change: { kind: 'sighting', sighting: { ...sighting, rssi: -30 } } }
	]);
	await answer(at(12));
	await vi.waitFor(() => expect(desk.sightings[first]?.rssi).toBe(-30));
});

test('a journal that another process has is told with its reason, and watched once it is free', async () => {
	const refusal = {
		refusal: { reasons: [{ code: 'refused.state_in_use' as const, about: { why: 'pid 7' } }] }
	};
	const watch = vi.fn<Backend['watch']>(() => Promise.reject(refusal));
	const desk = new Desk({ ...replay(), watch });
	await desk.open();
	expect(desk.trouble).toEqual(refusal);
	let tell: (updates: DeskUpdate[]) => void = () => {};
	watch.mockImplementation((on) => {
		tell = on;
		return Promise.resolve(() => {});
	});
	await desk.open();
	expect([desk.trouble, desk.ready]).toEqual([null, true]);
	tell([{ number: recording.view.number + 1, change: left(first) }]);
	expect(desk.sightings[first]).toBeUndefined();
	await desk.open();
	expect(watch).toHaveBeenCalledTimes(2);
});
