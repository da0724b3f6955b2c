/** The one picture of the world that all screens share: a snapshot, kept true by numbered updates. */
import { getContext, setContext, tick } from 'svelte';
import {
	asTrouble,
	type Trouble,
	type Backend,
	type DeskChange,
	type DeskUpdate,
	type DeskView,
	type JobView,
	type SettingsView,
	type SightingView,
	type StatusView,
	type UnitView
} from './backend';

/** What a list of updates changes, before it is shown. */
type Draft = Partial<Pick<Desk, 'sightings' | 'jobs' | 'units'>>;

/** Drawing takes at most one part in so many of the time; the rest belongs to whoever types, scrolls or reads. */
const SHARE = 30;
/** And nothing that has happened waits longer than this until it is shown. */
const LATEST_MS = 250;

export class Desk {
	ready = $state(false);
	trouble = $state<Trouble | null>(null);
	practice = $state(false);
	version = $state('');
	status = $state<StatusView | null>(null);
	settings = $state<SettingsView | null>(null);
	// Replaced as a whole, once a list of updates: with ten thousand rows that change ten thousand times a second, a
	// signal for each field of each row would cost more than the rows that are drawn.
	sightings = $state.raw<Record<string, SightingView>>({});
	jobs = $state.raw<Record<string, JobView>>({});
	units = $state.raw<Record<string, UnitView>>({});
	#number = 0;
	#stop: (() => void) | null = null;
	#held: DeskUpdate[] | null = null;
	/** Updates that wait to be drawn, and the moment from which on they may be. */
	#waiting: DeskUpdate[] = [];
	#timer: ReturnType<typeof setTimeout> | null = null;
	#drawFrom = 0;

	constructor(readonly backend: Backend) {}

	/**
	 * Watches first and asks then, so that nothing falls in between. What speaks against it stands in `trouble`, and a
	 * person who has cured it tries again.
	 */
	async open() {
		try {
			this.#stop ??= await this.backend.watch((updates) => this.#arrived(updates));
		} catch (error) {
			this.trouble = asTrouble(error);
			return;
		}
		await this.refresh();
	}

	close() {
		this.#stop?.();
		this.#stop = null;
		if (this.#timer !== null) clearTimeout(this.#timer);
		[this.#timer, this.#waiting] = [null, []];
	}

	/** Shows what came at once where that is cheap; what takes long to draw is gathered meanwhile. */
	#arrived(updates: readonly DeskUpdate[]) {
		this.#waiting.push(...updates);
		if (this.#timer !== null) return;
		const wait = this.#drawFrom - performance.now();
		if (wait <= 0) this.#draw();
		else this.#timer = setTimeout(() => this.#draw(), wait);
	}

	#draw() {
		const began = performance.now();
		const updates = this.#waiting;
		[this.#waiting, this.#timer] = [[], null];
		this.takeAll(updates);
		void tick().then(() => {
			const now = performance.now();
			this.#drawFrom = now + Math.min((now - began) * SHARE, LATEST_MS);
		});
	}

	async refresh(after: DeskUpdate[] = []) {
		this.#held = after;
		try {
			this.#show(await this.backend.snapshot());
		} catch (error) {
			this.trouble = asTrouble(error);
			this.#held = null; // the next update asks again
			return;
		}
		const held = this.#held;
		this.#held = null;
		if (held) this.takeAll(held);
	}

	take(update: DeskUpdate) {
		this.takeAll([update]);
	}

	/** Takes a list, and shows what came of it at once. */
	takeAll(updates: readonly DeskUpdate[]) {
		const draft: Draft = {};
		for (const [at, update] of updates.entries()) {
			if (this.#held) {
				this.#held.push(update);
				continue;
			}
			if (update.number <= this.#number) continue;
			if (update.number > this.#number + 1) {
				// One was missed: a fresh picture instead of a guess, and what is left of the list after it.
				void this.refresh(updates.slice(at));
				break;
			}
			this.#number = update.number;
			this.#change(update.change, draft);
		}
		if (draft.sightings) this.sightings = draft.sightings;
		if (draft.jobs) this.jobs = draft.jobs;
		if (draft.units) this.units = draft.units;
	}

	#change(change: DeskChange, draft: Draft) {
		switch (change.kind) {
			case 'sighting':
				(draft.sightings ??= { ...this.sightings })[change.sighting.key] = change.sighting;
				break;
			case 'sighting_left':
				delete (draft.sightings ??= { ...this.sightings })[change.key];
				break;
			case 'job':
				(draft.jobs ??= { ...this.jobs })[change.job.id] = change.job;
				break;
			case 'unit':
				(draft.units ??= { ...this.units })[change.unit.unit] = change.unit;
				break;
			case 'status':
				this.status = change.status;
				break;
			case 'settings':
				this.settings = change.settings;
				break;
		}
	}

	#show(view: DeskView) {
		this.#number = view.number;
		this.practice = view.practice;
		this.version = view.version;
		this.status = view.status;
		this.settings = view.settings;
		this.sightings = Object.fromEntries(view.sightings.map((sighting) => [sighting.key, sighting]));
		this.jobs = Object.fromEntries(view.jobs.map((job) => [job.id, job]));
		this.units = Object.fromEntries(view.units.map((unit) => [unit.unit, unit]));
		this.trouble = null;
		this.ready = true;
	}
}

const KEY = Symbol('desk');
export const provideDesk = (desk: Desk): Desk => setContext(KEY, desk);
export const useDesk = (): Desk => getContext<Desk>(KEY);
