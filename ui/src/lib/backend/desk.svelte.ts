/** The one picture of the world that all screens share: a snapshot, kept true by numbered updates. */
import { getContext, setContext } from 'svelte';
import type {
	Backend,
	DeskUpdate,
	DeskView,
	JobView,
	SettingsView,
	SightingView,
	StatusView,
	UnitView
} from './backend';

export class Desk {
	ready = $state(false);
	trouble = $state<string | null>(null);
	practice = $state(false);
	version = $state('');
	status = $state<StatusView | null>(null);
	settings = $state<SettingsView | null>(null);
	sightings = $state<Record<string, SightingView>>({});
	jobs = $state<Record<string, JobView>>({});
	units = $state<Record<string, UnitView>>({});
	#number = 0;
	#held: DeskUpdate[] | null = null;

	constructor(readonly backend: Backend) {}

	/** Watches first and asks then, so that nothing falls in between. Returns a way to stop. */
	async open(): Promise<() => void> {
		const stop = await this.backend.watch((update) => this.take(update));
		await this.refresh();
		return stop;
	}

	async refresh() {
		this.#held = [];
		try {
			this.#show(await this.backend.snapshot());
		} catch (error) {
			this.trouble = String(error);
		}
		const held = this.#held;
		this.#held = null;
		held.forEach((update) => this.take(update));
	}

	take(update: DeskUpdate) {
		if (this.#held) {
			this.#held.push(update);
			return;
		}
		if (update.number <= this.#number) return;
		if (update.number > this.#number + 1) {
			void this.refresh(); // one was missed: a fresh picture instead of a guess
			return;
		}
		this.#number = update.number;
		const change = update.change;
		switch (change.kind) {
			case 'sighting':
				this.sightings[change.sighting.key] = change.sighting;
				break;
			case 'sighting_left':
				delete this.sightings[change.key];
				break;
			case 'job':
				this.jobs[change.job.id] = change.job;
				break;
			case 'unit':
				this.units[change.unit.unit] = change.unit;
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
