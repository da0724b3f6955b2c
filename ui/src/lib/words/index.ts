/** Which language, and how a sentence is filled in. The words themselves stand in one catalogue a language. */
import type {
	FaultCode,
	FindingCode,
	FindingView,
	HeldWhy,
	ProblemCode,
	ReasonView,
	RefusalCode,
	Why
} from '$lib/backend/backend';
import { findingsDe, findingsEn } from './checkup';
import { de } from './de';
import { en, type Words } from './en';
import { faultsDe, refusalsDe } from './faults.de';
import { faultsEn, refusalsEn } from './faults.en';
import { secretsDe, secretsEn, whysDe, whysEn } from './whys';

export type About = Record<string, string | number | undefined>;
export interface FaultWords {
	what: string;
	why: string;
	fix: string;
}

interface Catalogue {
	words: Words;
	faults: Record<FaultCode, FaultWords>;
	refusals: Record<RefusalCode, string>;
	whys: Record<Why, string>;
	secrets: Record<string, string>;
	findings: Record<FindingCode, { what: string; fix: string }>;
}

const english: Catalogue = {
	words: en,
	faults: faultsEn,
	refusals: refusalsEn,
	whys: whysEn,
	secrets: secretsEn,
	findings: findingsEn
};

const catalogues: Record<string, Catalogue> = {
	en: english,
	de: {
		words: de,
		faults: faultsDe,
		refusals: refusalsDe,
		whys: whysDe,
		secrets: secretsDe,
		findings: findingsDe
	}
};

/** The languages there are, each by its own name. */
export const languages: Record<string, string> = { en: 'English', de: 'Deutsch' };
const CHOSEN = 'language';

/** What was chosen in the window, else the system's language, else English. */
function choice(): string {
	const chosen = typeof localStorage === 'undefined' ? null : localStorage.getItem(CHOSEN);
	const system = typeof navigator === 'undefined' ? [] : navigator.languages;
	return [chosen ?? '', ...system].map((tag) => tag.slice(0, 2)).find((tag) => tag in catalogues) ?? 'en';
}
export const language: string = choice();

export function chooseLanguage(tag: string) {
	localStorage.setItem(CHOSEN, tag);
	location.reload();
}

const catalogue = catalogues[language] ?? english;

export const w: Words = catalogue.words;

/** Puts values into `{places}`; a place without a value shows nothing. */
export function fill(sentence: string, about: About = {}): string {
	return sentence
		.replace(/ ?\{(\w+)\}/g, (place, key: string) => {
			const value = String(about[key] ?? '');
			return value === '' ? '' : place.startsWith(' ') ? ` ${value}` : value;
		})
		.trim();
}

export function faultWords(code: FaultCode, about: About = {}): FaultWords {
	const { what, why, fix } = catalogue.faults[code];
	const known = { ...about, earlier: earlier(about) };
	return { what: fill(what, known), why: fill(why, known), fix: fill(fix, known) };
}

/** By whom, when and where a unit passed before, as far as that is known. */
export function earlier(about: About): string {
	const at = Number(about['at']);
	return [
		about['by'] && fill(w.station.earlierBy, about),
		at > 0 && fill(w.station.earlierAt, { at: moment(at) }),
		about['station'] && fill(w.station.earlierStation, about)
	]
		.filter(Boolean)
		.map((piece) => `, ${piece}`)
		.join('');
}

/** Why a station holds a unit back. */
export function heldWords(why: HeldWhy, about: About): string {
	const codes = String(about['codes'] ?? '').split(' ');
	const refusals = codes.filter((code): code is RefusalCode => code in catalogue.refusals);
	return fill(w.station.why[why], {
		...about,
		earlier: earlier(about),
		codes: refusals.map((code) => refusalWords(code)).join(' ')
	});
}

export function refusalWords(code: RefusalCode, about: About = {}, why: Why | null = null): string {
	const secret = catalogue.secrets[String(about['secret'])] ?? about['secret'];
	return fill(catalogue.refusals[code], { ...about, secret, why: whyWords(why, about) });
}
export const reasonWords = ({ code, about, why }: ReasonView): string => refusalWords(code, about, why);

/** Placeholders of a token template stand for themselves. */
function whyWords(why: Why | null, about: About): string {
	return why === null ? '' : fill(catalogue.whys[why], { ...about, token: '{token}', host: '{host}' });
}

/** What is wrong with a batch file; where the cloud could not be asked, the cause in its own words. */
export function problemWords(code: ProblemCode, about: About): string {
	const cause = String(about['cause'] ?? '');
	const said =
		cause in catalogue.faults
			? faultWords(cause as FaultCode, about).what
			: cause in catalogue.refusals
				? refusalWords(cause as RefusalCode, about)
				: '';
	return fill(w.batch.problems[code].what, { ...about, cause: said });
}

/** What was found and what cures it; where something failed, in the words of its fault. */
export function findingWords(finding: FindingView): { what: string; fix: string } {
	if (finding.fault) return faultWords(finding.fault.code, finding.fault.about);
	const { what, fix } = catalogue.findings[finding.code];
	const about = { ...finding.about, why: whyWords(finding.why, finding.about) };
	return { what: fill(what, about), fix: fill(fix, about) };
}

// Made once: making one costs more than a hundred uses of it.
const clockForm = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const momentForm = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const tenths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
export const clock = (at: number): string => clockForm.format(at);
export const moment = (at: number): string => momentForm.format(at);
export const seconds = (ms: number): string => (ms < 10_000 ? tenths : whole).format(ms / 1000);
