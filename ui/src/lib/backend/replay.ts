/**
 * The backend of a plain browser and of tests: it plays a recording that the engine made (`cargo xtask recordings`).
 * What would act on the world is refused; looking is not.
 */
import { noBatches } from './batch';
import { noStation } from './station';
import type { Backend, DeskUpdate, DeskView, FactView, LookView } from './backend';
import { nothingToSetUp } from './setup';
import practice from './recordings/practice.json';

export interface Recording {
	/** What the window was shown first. */
	view: DeskView;
	/** Every change after it, in order. */
	updates: DeskUpdate[];
	/** What devices answered when they were asked. */
	looks: Record<string, LookView>;
	/** Each unit's history at the end. */
	histories: Record<string, FactView[]>;
}

export const recording = practice as unknown as Recording;

const refused = { refusal: { reasons: [{ code: 'refused.nothing_open' as const, about: {} }] } };

/** Plays all updates at once when it is watched, or one each `every` milliseconds. */
export function replay(tape: Recording = recording, every = 0): Backend {
	return {
		...nothingToSetUp,
		snapshot: () => Promise.resolve(structuredClone(tape.view)),
		watch: (on) => {
			let at = 0;
			const timer = setInterval(() => {
				const update = tape.updates[at++];
				if (update) on([update]);
				else clearInterval(timer);
			}, every);
			return Promise.resolve(() => clearInterval(timer));
		},
		station: noStation,
		batches: noBatches,
		look: (key) => (tape.looks[key] ? Promise.resolve(tape.looks[key]) : Promise.reject(refused)),
		start: () => Promise.reject(refused),
		cancel: () => Promise.resolve(),
		letGo: () => Promise.resolve(),
		checkAgain: () => Promise.reject(refused),
		history: (unit) => Promise.resolve(tape.histories[unit] ?? []),
		reconfigure: () => Promise.reject(refused),
		shellWords: () => Promise.resolve(),
		shellNews: () => Promise.resolve(() => {}),
		closeWindow: () => Promise.resolve(),
		answerClose: () => Promise.resolve(),
		fields: () => Promise.reject(refused),
		describe: () => Promise.reject(refused),
		page: () => Promise.reject(refused),
		openPage: () => Promise.reject(refused),
		ghosts: () => Promise.resolve([]),
		sweep: () => Promise.resolve([]),
		report: () => Promise.resolve(null)
	};
}
