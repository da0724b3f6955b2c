/** The state of the Devices screen: which units are shown, which one is looked at, and what was said about it. */
import {
	asTrouble,
	type FactView,
	type GhostView,
	type OutcomeView,
	type ReportFormat,
	type Trouble,
	type UnitView
} from '$lib/backend/backend';
import type { Desk } from '$lib/backend/desk.svelte';
import { fill, w } from '$lib/words';

export type Filter = 'all' | OutcomeView;
export const FILTERS: Filter[] = ['all', 'passed', 'failed', 'unknown', 'skipped'];

const lower = (text: string): string => text.toLocaleLowerCase();

/** Whether all the words of a search are somewhere in what a person may know of a unit. */
export function fits(unit: UnitView, query: string): boolean {
	const known = lower(
		[unit.unit, unit.name, unit.device, unit.template, unit.firmware, unit.server].filter(Boolean).join(' ')
	);
	return lower(query)
		.split(/\s+/)
		.every((word) => known.includes(word));
}

export class Units {
	query = $state('');
	filter = $state<Filter>('all');
	chosen = $state<string | null>(null);
	facts = $state.raw<FactView[]>([]);
	trouble = $state<Trouble | null>(null);
	said = $state('');
	/** What the cloud answered to the request for configuration mode. */
	asked = $state<'sent' | 'offline' | null>(null);
	busy = $state(false);
	/** In no order: the table sorts, and ten thousand of them are not sorted twice. */
	readonly all = $derived.by(() => Object.values(this.desk.units));
	readonly counts = $derived.by(() => {
		const counts: Record<Filter, number> = {
			all: this.all.length,
			passed: 0,
			failed: 0,
			unknown: 0,
			skipped: 0
		};
		for (const unit of this.all) if (unit.outcome) counts[unit.outcome]++;
		return counts;
	});
	readonly found = $derived.by(() =>
		this.all.filter(
			(unit) =>
				(this.filter === 'all' || unit.outcome === this.filter) &&
				(this.query === '' || fits(unit, this.query))
		)
	);
	readonly unit = $derived.by(() => (this.chosen === null ? null : (this.desk.units[this.chosen] ?? null)));
	#round = 0;

	constructor(readonly desk: Desk) {}

	choose(unit: string | null) {
		[this.chosen, this.facts, this.said, this.trouble, this.asked] = [unit, [], '', null, null];
		void this.load();
	}

	/** The facts of the chosen unit; an answer that comes late is not shown for another one. */
	async load() {
		const round = ++this.#round;
		const unit = this.chosen;
		if (unit === null) return;
		try {
			const facts = await this.desk.backend.history(unit);
			if (round === this.#round) this.facts = facts;
		} catch (error) {
			if (round === this.#round) this.trouble = asTrouble(error);
		}
	}

	async reconfigure() {
		const unit = this.chosen;
		if (unit === null || this.busy) return;
		[this.busy, this.trouble, this.asked] = [true, null, null];
		try {
			const offline = await this.desk.backend.reconfigure(unit);
			if (unit === this.chosen) this.asked = offline ? 'offline' : 'sent';
		} catch (error) {
			if (unit === this.chosen) this.trouble = asTrouble(error);
		} finally {
			this.busy = false;
		}
	}
}

/** Leftovers in the cloud: first seen, then chosen, then confirmed, then removed. */
export class Ghosts {
	found = $state.raw<GhostView[] | null>(null);
	chosen = $state<string[]>([]);
	sure = $state(false);
	busy = $state(false);
	said = $state('');
	trouble = $state<Trouble | null>(null);

	constructor(readonly desk: Desk) {}

	static key = (ghost: GhostView): string => `${ghost.server}/${ghost.device}`;

	async look() {
		await this.#work(async () => {
			this.found = await this.desk.backend.ghosts();
			// A ghost that could not be asked about is not offered.
			this.chosen = this.found.filter((ghost) => ghost.fault === null).map(Ghosts.key);
			this.said =
				this.found.length === 0 ? w.units.ghostsNone : fill(w.units.ghostsFound, { n: this.found.length });
		});
	}

	async sweep() {
		const chosen = (this.found ?? []).filter((ghost) => this.chosen.includes(Ghosts.key(ghost)));
		if (!this.sure || chosen.length === 0) return;
		await this.#work(async () => {
			const swept = await this.desk.backend.sweep(chosen.map(({ server, device }) => ({ server, device })));
			const told = Object.fromEntries(swept.map((ghost) => [Ghosts.key(ghost), ghost]));
			// What is not in the answer has come to life meanwhile, or a job has taken it up.
			this.found = (this.found ?? []).flatMap((ghost) =>
				chosen.includes(ghost) ? (told[Ghosts.key(ghost)] ?? []) : ghost
			);
			this.chosen = [];
			const done = swept.filter((ghost) => ghost.swept).length;
			const left = swept.length - done;
			this.said = [
				fill(w.units.ghostsSwept, { n: done }),
				left > 0 ? fill(w.units.ghostsLeft, { n: left }) : ''
			]
				.filter(Boolean)
				.join(' ');
		});
	}

	async #work(work: () => Promise<void>) {
		if (this.busy) return;
		[this.busy, this.trouble, this.said] = [true, null, ''];
		try {
			await work();
		} catch (error) {
			this.trouble = asTrouble(error);
		} finally {
			[this.busy, this.sure] = [false, false];
		}
	}
}

export const REPORTS: ReportFormat[] = ['csv', 'jsonl', 'html'];
