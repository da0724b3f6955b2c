/** A profile while it is made: nothing typed is lost, every reason stands at its field, secrets leave the page. */
import type { CloudRequest, IntroductionView, ProfileDraftView } from '$lib/backend/backend';
import { begun } from '$lib/backend/played';
import { w } from '$lib/words';
import { expect, test, vi } from 'vitest';
import { Draft, NetworkDraft, OWN } from './draft.svelte';

const met: IntroductionView = {
	host: 'cloud.test',
	person: null,
	organization: { id: 1, name: 'Works' },
	organizations: [
		{ id: 1, name: 'Works' },
		{ id: 2, name: 'North' }
	],
	more_organizations: false,
	people: [{ id: 9, name: 'Kim', email: 'kim@cloud.test' }],
	more_people: false,
	abilities: [],
	ahead_s: 0
};

async function typed(backend: Parameters<typeof begun>[0] = {}) {
	const draft = new Draft(await begun(backend));
	draft.region = OWN;
	draft.address = 'cloud.test';
	draft.id = 'an id';
	draft.secret = 'a secret';
	return draft;
}

test('signing in fills in what the cloud tells, and the page forgets the secrets', async () => {
	const meetCloud = vi.fn((request: CloudRequest) => Promise.resolve(request ? met : null));
	const draft = await typed({ meetCloud });
	await draft.meet();
	expect(meetCloud.mock.calls[0]?.[0]).toMatchObject({
		server: 'https://cloud.test',
		id: 'an id',
		secret: 'a secret'
	});
	expect([draft.id, draft.secret]).toEqual(['', '']);
	expect([draft.org, draft.owner, draft.name]).toEqual(['1', '9', 'Works']);
	expect(draft.isMet).toBe(true);
	draft.address = 'other.test';
	expect(draft.isMet, 'another server has to be met anew').toBe(false);
});

test('a cloud that fails loses nothing that was typed', async () => {
	const fault = {
		refusal: { reasons: [{ code: 'refused.bad_server' as const, about: { field: 'server' } }] }
	};
	const draft = await typed({ meetCloud: () => Promise.reject(fault) });
	await draft.meet();
	expect(draft.serverProblem).not.toBeNull();
	expect([draft.address, draft.id, draft.secret]).toEqual(['cloud.test', 'an id', 'a secret']);
	draft.touch('server');
	expect(draft.serverProblem).toBeNull();
});

test('a cloud that does not answer is left, and its late answer changes nothing', async () => {
	let answer: (met: IntroductionView) => void = () => {};
	const leaveCloud = vi.fn(() => Promise.resolve());
	const draft = await typed({ meetCloud: () => new Promise((done) => (answer = done)), leaveCloud });
	const meeting = draft.meet();
	expect(draft.meeting).toBe(true);
	draft.leave();
	expect(draft.meeting).toBe(false);
	expect(leaveCloud).toHaveBeenCalledOnce();
	answer(met);
	await meeting;
	expect(draft.met).toBeNull();
	expect(draft.secret).toBe('a secret');
});

test('each reason of a refusal stands at its field, and the rest on its own', async () => {
	const reasons = [
		{ code: 'refused.name_taken' as const, about: { field: 'name', name: 'hall' } },
		{ code: 'refused.password_length' as const, about: { field: 'wifi.0.password', chars: '3' } },
		{ code: 'refused.secret_unreadable' as const, about: { why: 'locked' } }
	];
	const draft = await typed({ saveProfile: () => Promise.reject({ refusal: { reasons } }) });
	[draft.org, draft.owner, draft.name] = ['1', '2', 'hall'];
	expect(await draft.save()).toBe(false);
	expect(draft.nameProblem).toContain('hall');
	expect(draft.problem('wifi.0.password')).not.toBeNull();
	expect(draft.trouble).toEqual({ refusal: { reasons: [reasons[2]] } });
	expect(draft.name).toBe('hall');
});

test('nothing is sent while a field is wrong; what is sent is what was typed', async () => {
	const saveProfile = vi.fn((draft: ProfileDraftView) => Promise.resolve(void draft));
	const draft = await typed({ saveProfile });
	const network = new NetworkDraft();
	draft.networks.push(network);
	await draft.save();
	expect(saveProfile).not.toHaveBeenCalled();
	expect(draft.orgProblem).toBe(w.setup.needOrg);
	[draft.org, draft.owner, draft.name] = ['1', '2', 'hall'];
	[network.ssid, network.secret] = ['Hall', 'long enough'];
	draft.patience = '120';
	expect(await draft.save()).toBe(true);
	expect(saveProfile.mock.calls[0]?.[0]).toMatchObject({
		name: 'hall',
		org: '1',
		patience: '120',
		token_host: null,
		is_new: true,
		networks: [{ ssid: 'Hall', name: null, password: 'given', secret: 'long enough' }]
	});
	expect([draft.secret, network.secret]).toEqual(['', '']);
});
