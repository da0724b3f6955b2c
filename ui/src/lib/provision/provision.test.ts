import type { Backend, JobRequest, LookView, SightingView } from '$lib/backend/backend';
import { begun, ended, played } from '$lib/backend/played';
import { recording } from '$lib/backend/replay';
import { expect, test, vi } from 'vitest';
import { inOrder, KEEP, OTHER, Provision } from './provision.svelte';

const KEY = recording.view.sightings[0]!.key;
const LOOK = recording.looks[KEY]!;
const PASSWORD = 'correct horse';

async function asked(changes: Partial<LookView> = {}, backend: Partial<Backend> = {}) {
	const start = vi.fn((request: JobRequest) => Promise.resolve(request ? ended('passed').id : ''));
	const desk = await begun({ look: () => Promise.resolve({ ...LOOK, ...changes }), start, ...backend });
	const provision = new Provision(desk);
	await provision.choose(KEY);
	return { desk, provision, start };
}

test('by cable comes first, then the nearest, then known units, and what has a job comes last', () => {
	const base = recording.view.sightings[0]!;
	const of = (key: string, changes: Partial<SightingView>): SightingView => ({ ...base, key, ...changes });
	const order = inOrder([
		of('busy', { medium: 'serial', rssi: null, job: 'x' }),
		of('known', { rssi: -30, unit: 'u' }),
		of('far', { rssi: -80 }),
		of('near', { rssi: -40 }),
		of('cable', { medium: 'serial', rssi: null })
	]);
	expect(order.map((sighting) => sighting.key)).toEqual(['cable', 'near', 'far', 'known', 'busy']);
});

test('the network that was used last is preselected', async () => {
	const { provision } = await asked();
	expect(provision.network).toBe(recording.view.settings.last_ssid);
});

test('else the first that can be used, never an enterprise network', async () => {
	const networks = LOOK.networks!.filter((n) => n.ssid !== recording.view.settings.last_ssid);
	const enterprise = networks.find((n) => n.security === 'enterprise')!;
	const rest = networks.filter((n) => n !== enterprise);
	const { provision } = await asked({ networks: [enterprise, ...rest] });
	expect(provision.network).toBe(rest[0]!.ssid);
	const only = await asked({ networks: [enterprise] });
	expect(only.provision.network).toBe(OTHER);
});

test('a device that is online already keeps its connection, and is given no password', async () => {
	const { provision, start } = await asked({ identity: { ...LOOK.identity, online_already: true } });
	expect(provision.network).toBe(KEEP);
	await provision.start();
	expect(start.mock.calls[0]![0]).toMatchObject({ ssid: null, password: null });
});

test('problems are told as one types, and nothing is started with one', async () => {
	const { provision, start } = await asked();
	expect(provision.valid, 'its network wants a password').toBe(false);
	provision.password = PASSWORD;
	expect(provision.valid).toBe(true);
	provision.password = 'short';
	expect(provision.passwordProblem).toContain('5');
	provision.name = '<b>';
	expect(provision.nameProblem).not.toBeNull();
	await provision.start();
	expect(start).not.toHaveBeenCalled();
	expect(provision.password).toBe('short');
});

test('a device that cannot be asked says why, and can be asked again', async () => {
	const { provision } = await asked({}, { look: () => Promise.reject(new Error('gone')) });
	expect(provision.trouble).toMatchObject({ fault: { code: 'us.bug' } });
	expect(provision.looking).toBe(false);
});

test('the answer of a device that was left is not shown for the next', async () => {
	let answer: (look: LookView) => void = () => {};
	const desk = await begun({ look: () => new Promise((done) => (answer = done)) });
	const provision = new Provision(desk);
	const asking = provision.choose(KEY);
	provision.another();
	answer(LOOK);
	await asking;
	expect(provision.look).toBeNull();
});

test('after the start the typed password is gone, and the next device in this network gets the same', async () => {
	const { desk, provision, start } = await asked();
	provision.password = PASSWORD;
	provision.name = 'Pump 1';
	await provision.start();
	expect(start.mock.calls[0]![0]).toMatchObject({ password: PASSWORD, kept_password: false });
	// Rust tells for which networks it keeps one, never which.
	desk.settings!.kept = [provision.ssid!];
	expect(provision.password).toBe('');
	expect(JSON.stringify(provision)).not.toContain(PASSWORD);
	provision.another();
	expect(provision.name, 'the name belonged to the last device').toBe('');
	expect(provision.chosen).toBeNull();
	await provision.choose(KEY);
	expect(provision.keepsPassword).toBe(true);
	await provision.start();
	expect(start.mock.calls[1]![0]).toMatchObject({ password: null, kept_password: true, name: null });
});

test('another network does not get the password of the last one', async () => {
	const { desk, provision, start } = await asked();
	provision.password = PASSWORD;
	await provision.start();
	desk.settings!.kept = [provision.ssid!];
	provision.job = null;
	provision.network = LOOK.networks!.find((n) => n.security === 'open')!.ssid;
	expect(provision.keepsPassword).toBe(false);
	await provision.start();
	expect(start.mock.calls[1]![0]).toMatchObject({ password: '', kept_password: false });
});

/** The screen after a job that failed like this. */
async function after(code: string) {
	const failed = ended('failed', code);
	const start = vi.fn((request: JobRequest) => Promise.resolve(request ? failed.id : ''));
	const desk = await played({ look: () => Promise.resolve(LOOK), start });
	const provision = new Provision(desk);
	await provision.choose(KEY);
	provision.password = PASSWORD;
	provision.name = 'Pump 1';
	await provision.start();
	expect(provision.current?.fault?.code).toBe(code);
	return { desk, provision, start };
}

test('a retry keeps device, network and name, and asks only what was wrong', async () => {
	const { provision, start } = await after('wifi.password_refused');
	await provision.again();
	expect(provision).toMatchObject({ chosen: KEY, name: 'Pump 1', job: null, look: LOOK, open: 'password' });
	expect(provision.network).toBe(recording.view.settings.last_ssid);
	expect(provision.keepsPassword).toBe(false);
	expect(start).toHaveBeenCalledOnce();
});

test('a retry starts at once where nothing that was entered was wrong', async () => {
	const { desk, provision, start } = await after('template.unknown');
	desk.settings!.kept = [provision.ssid!];
	await provision.again();
	expect(start).toHaveBeenCalledTimes(2);
	expect(start.mock.calls[1]![0]).toMatchObject({ key: KEY, kept_password: true, name: 'Pump 1' });
});

test('a unit that is waited for is found by itself when it is in sight, and another one is told apart', async () => {
	const { desk, provision } = await asked();
	const unit = LOOK.identity.unit!;
	provision.expect(unit);
	desk.sightings = { [KEY]: { ...recording.view.sightings[0]!, unit: null } };
	expect(provision.found).toBeNull();
	desk.sightings = { [KEY]: { ...recording.view.sightings[0]!, unit } };
	expect(provision.found?.key).toBe(KEY);
	await provision.choose(KEY, unit);
	expect(provision.isAnother).toBe(false);
	await provision.choose(KEY, 'another unit');
	expect(provision.isAnother).toBe(true);
});

test('a refused start keeps everything that was typed', async () => {
	const refusal = { refusal: { reasons: [{ code: 'refused.device_busy' as const, about: {} }] } };
	const { provision } = await asked({}, { start: () => Promise.reject(refusal) });
	provision.password = PASSWORD;
	await provision.start();
	expect(provision).toMatchObject({ password: PASSWORD, job: null, trouble: refusal, starting: false });
});

test('a window that was closed in the middle of a job shows that job again', async () => {
	const desk = await begun();
	const job = { ...ended('passed'), outcome: null };
	desk.jobs[job.id] = job;
	expect(new Provision(desk).current?.id).toBe(job.id);
});

test('what is corrected goes over the link that was kept, and who goes on to another device lets it go', async () => {
	const failed = { ...ended('failed', 'wifi.password_refused'), link_until: Date.now() + 60_000 };
	const letGo = vi.fn((job: string) => Promise.resolve(void job));
	const { desk, provision, start } = await asked({}, { letGo });
	provision.password = PASSWORD;
	await provision.start();
	desk.jobs = { [failed.id]: failed };
	provision.job = failed.id;
	await provision.again();
	expect(provision.open).toBe('password');
	expect(provision.linkUntil).toBe(failed.link_until);
	provision.password = PASSWORD;
	await provision.start();
	expect(start).toHaveBeenCalledTimes(2);
	expect(letGo).not.toHaveBeenCalled();

	provision.job = failed.id;
	provision.another();
	expect(letGo).toHaveBeenCalledWith(failed.id);
	expect(provision.linkUntil).toBeNull();
});
