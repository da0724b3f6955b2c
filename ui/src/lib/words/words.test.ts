/** Nothing that can happen is without words, in every language. That all keys are there is checked by their types. */
import { expect, test } from 'vitest';
import { recording } from '$lib/backend/replay';
import { findingsDe, findingsEn } from './checkup';
import { de } from './de';
import { en } from './en';
import { faultsDe, refusalsDe } from './faults.de';
import { faultsEn, refusalsEn } from './faults.en';
import { fill, reasonWords } from './index';
import { whysDe, whysEn } from './whys';

type Tree = { [key: string]: string | Tree };
const leaves = (tree: Tree, path = ''): [string, string][] =>
	Object.entries(tree).flatMap(([key, value]) =>
		typeof value === 'string' ? [[path + key, value]] : leaves(value, `${path}${key}.`)
	);
const places = (sentence: string) => [...new Set(sentence.match(/\{\w+\}/g) ?? [])].sort();

const english = leaves({
	...en,
	faults: faultsEn,
	refusals: refusalsEn,
	whys: whysEn,
	findings: findingsEn
} as unknown as Tree);
const german = new Map(
	leaves({
		...de,
		faults: faultsDe,
		refusals: refusalsDe,
		whys: whysDe,
		findings: findingsDe
	} as unknown as Tree)
);

test('both languages have the same keys', () => {
	expect([...german.keys()].sort()).toEqual(english.map(([key]) => key).sort());
});

test('no sentence is empty', () => {
	const empty = [...english, ...german].filter(
		([key, sentence]) => sentence.trim() === '' && !key.startsWith('findings.')
	);
	expect(empty).toEqual([]);
});

test('German has the same places for values as English', () => {
	const different = english
		.map(([key, sentence]) => [key, places(sentence), places(german.get(key) ?? '')] as const)
		.filter(([, a, b]) => a.join() !== b.join());
	expect(different).toEqual([]);
});

test('German is German: only short terms and names are the same', () => {
	const words = (sentence: string) => sentence.replace(/\{\w+\}/g, '').match(/\p{L}{2,}/gu) ?? [];
	const same = english.filter(
		([key, sentence]) => german.get(key) === sentence && words(sentence).length > 1
	);
	expect(same.map(([key]) => key)).toEqual(['health.licence', 'setup.regions.ny3']);
});

test('a place without a value shows nothing, and a value is not taken for a place', () => {
	expect(fill('{a} and {b}', { a: '{b}', b: 1 })).toBe('{b} and 1');
	expect(fill('On the network {ip}')).toBe('On the network');
});

test('every step, word of a device and fact of the recording has a sentence', () => {
	const jobs = recording.updates.flatMap((u) => (u.change.kind === 'job' ? [u.change.job] : []));
	for (const job of jobs) {
		for (const step of job.steps) {
			expect(en.steps).toHaveProperty(step.step);
			expect(en.stepStates).toHaveProperty(step.state);
		}
		for (const word of job.words) expect(en.deviceWords).toHaveProperty(word.word);
		if (job.waiting) expect(en.waiting).toHaveProperty(job.waiting.what);
	}
	for (const fact of Object.values(recording.histories).flat()) expect(en.facts).toHaveProperty(fact.fact);
});

test('a refusal says why in its own words, and quotes what the system said', () => {
	const about = { path: '/x/units.csv', said: 'Permission denied (os error 13)' };
	expect(reasonWords({ code: 'refused.file_unreadable', why: 'said', about })).toBe(
		'/x/units.csv cannot be read or written. The system says: “Permission denied (os error 13)”.'
	);
	expect(
		reasonWords({ code: 'refused.driver_setting', why: 'setting.token_template', about: { setting: 'x' } })
	).toBe('The setting x cannot be used. It does not say where the token goes. Write {token} there.');
	expect(
		reasonWords({ code: 'refused.secret_missing', why: null, about: { secret: 'FIRSTLIGHT_BEARER' } })
	).toContain('bearer token');
});
