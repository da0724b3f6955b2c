/** The state of the Provision screen: which device, what it said, what is asked of it. */
import {
	asTrouble,
	type LookView,
	type NetworkView,
	type SightingView,
	type Trouble
} from '$lib/backend/backend';
import type { Desk } from '$lib/backend/desk.svelte';
import { w } from '$lib/words';
import { nameProblem, passwordProblem, ssidProblem, wrongField, type OpenField } from './rules';

export const OTHER = '\u0000other';
export const KEEP = '\u0000keep';

/** By cable first, then the nearest; what has a job already comes last. */
export function inOrder(sightings: SightingView[]): SightingView[] {
	const rank = (s: SightingView) => [
		s.job ? 1 : 0,
		s.unit ? 1 : 0,
		s.medium === 'serial' ? 0 : 1,
		-(s.rssi ?? -200)
	];
	return [...sightings].sort((a, b) => {
		const [x, y] = [rank(a), rank(b)];
		const at = x.findIndex((value, i) => value !== y[i]);
		return at < 0 ? a.key.localeCompare(b.key) : (x[at] ?? 0) - (y[at] ?? 0);
	});
}

export class Provision {
	chosen = $state<string | null>(null);
	look = $state<LookView | null>(null);
	looking = $state(false);
	trouble = $state<Trouble | null>(null);
	network = $state('');
	otherName = $state('');
	password = $state('');
	name = $state('');
	deviceSecret = $state('');
	job = $state<string | null>(null);
	starting = $state(false);
	asked = $state(false);
	readonly sightings: SightingView[] = $derived.by(() => inOrder(Object.values(this.desk.sightings)));
	readonly current = $derived.by(() => (this.job ? (this.desk.jobs[this.job] ?? null) : null));
	/** After a failure: the one field that was wrong; everything else stays as it was. */
	open = $state<OpenField | null>(null);
	/** A unit that is to be provisioned again; it is chosen by itself when it comes into sight. */
	expected = $state<string | null>(null);
	/** The job that failed, while what was wrong with it is corrected. */
	#failed = $state<string | null>(null);
	#round = 0;

	constructor(readonly desk: Desk) {
		// A window that was closed in the middle of a job shows that job again.
		const running = Object.values(desk.jobs)
			.filter((job) => job.outcome === null)
			.sort((a, b) => b.begun - a.begun)[0];
		if (running) this.job = running.id;
	}

	get ssid(): string | null {
		if (this.network === KEEP) return null;
		return this.network === OTHER ? this.otherName : this.network;
	}
	get ssidProblem(): string | null {
		return this.ssid === null ? null : ssidProblem(this.ssid);
	}
	get passwordProblem(): string | null {
		if (this.ssid === null) return null;
		const heard = this.networks.find((n) => n.ssid === this.ssid);
		const missing = heard?.security === 'secured' && this.password === '' && !this.keepsPassword;
		return missing ? w.job.needsPassword : passwordProblem(this.password);
	}
	/** Nothing is typed, and a password that Rust keeps for this network is used: it has never been back in the page. */
	get keepsPassword(): boolean {
		return this.password === '' && this.ssid !== null && (this.desk.settings?.kept ?? []).includes(this.ssid);
	}
	get nameProblem(): string | null {
		return nameProblem(this.name);
	}
	/** The cloud device that this unit has already and will keep. */
	get renews(): number | null {
		return this.look?.identity.device ?? null;
	}
	/** Another unit answered than the one that is waited for. */
	get isAnother(): boolean {
		return this.expected !== null && this.look !== null && this.look.identity.unit !== this.expected;
	}
	/** How long the link of the job that failed stays open for the next one. */
	get linkUntil(): number | null {
		return this.#failed ? (this.desk.jobs[this.#failed]?.link_until ?? null) : null;
	}
	get networks(): NetworkView[] {
		return this.look?.networks ?? [];
	}

	/** `expected`: the unit that should be there. */
	async choose(key: string, expected: string | null = null) {
		this.expected = expected;
		const round = ++this.#round;
		this.chosen = key;
		this.look = null;
		this.trouble = null;
		this.job = null;
		this.open = null;
		this.asked = false;
		this.looking = true;
		try {
			const look = await this.desk.backend.look(key, this.deviceSecret || null);
			if (round !== this.#round) return;
			this.look = look;
			this.#preselect(look);
		} catch (error) {
			if (round === this.#round) this.trouble = asTrouble(error);
		} finally {
			if (round === this.#round) this.looking = false;
		}
	}

	#preselect(look: LookView) {
		const usable = (look.networks ?? []).filter((n) => n.security !== 'enterprise');
		const last = this.desk.settings?.last_ssid ?? null;
		if (look.identity.online_already) this.network = KEEP;
		else if (usable.some((n) => n.ssid === last)) this.network = last ?? '';
		else if (usable[0]) this.network = usable[0].ssid;
		else {
			this.network = OTHER;
			this.otherName = last ?? '';
		}
	}

	/** Nothing wrong with what was entered? */
	get valid(): boolean {
		return !this.ssidProblem && !this.passwordProblem && !this.nameProblem;
	}

	async start() {
		this.asked = true;
		if (!this.chosen || !this.valid || this.starting) return;
		this.starting = true;
		this.trouble = null;
		const ssid = this.ssid;
		const kept = this.keepsPassword;
		try {
			this.job = await this.desk.backend.start({
				key: this.chosen,
				ssid,
				password: ssid === null || kept ? null : this.password,
				kept_password: kept,
				device_secret: this.deviceSecret || null,
				name: this.name || null,
				meta: {},
				device: null
			});
			this.password = '';
			this.open = null;
			this.expected = null;
		} catch (error) {
			this.trouble = asTrouble(error);
		} finally {
			this.starting = false;
		}
	}

	/** The same device again: only what was wrong is asked; where nothing is, it starts at once. */
	async again() {
		const code = this.current?.fault?.code;
		// A job of an earlier window has nothing entered here: the device is asked first.
		if (!this.look || !this.chosen) {
			const key = this.#keyOf(this.current?.address ?? null);
			this.job = null;
			if (key) await this.choose(key);
			return;
		}
		this.#failed = this.job;
		this.job = null;
		this.trouble = null;
		this.asked = false;
		this.open = code ? wrongField(code) : null;
		if (this.open === null && this.valid) await this.start();
	}

	/** Asks the cloud now, instead of at the next turn. */
	async checkAgain() {
		if (!this.job) return;
		this.trouble = null;
		try {
			await this.desk.backend.checkAgain(this.job);
		} catch (error) {
			this.trouble = asTrouble(error);
		}
	}

	#keyOf(address: string | null): string | null {
		return this.sightings.find((sighting) => sighting.address === address)?.key ?? null;
	}

	/** Waits for a unit, and chooses it as soon as it is in sight. */
	expect(unit: string) {
		this.another();
		this.expected = unit;
	}

	/** The sighting of the unit that is waited for. */
	get found(): SightingView | null {
		if (this.expected === null || this.chosen !== null) return null;
		return this.sightings.find((s) => s.unit === this.expected && s.job === null) ?? null;
	}

	/** The next device, with the same settings; the name belonged to the last one. */
	another() {
		// A device that is held is found by nobody, and this one is not corrected now.
		const held = this.job ?? this.#failed;
		if (held && this.desk.jobs[held]?.link_until) void this.desk.backend.letGo(held).catch(() => {});
		this.#failed = null;
		this.#round++;
		this.job = null;
		this.chosen = null;
		this.look = null;
		this.trouble = null;
		this.looking = false;
		this.open = null;
		this.expected = null;
		this.name = '';
		this.deviceSecret = '';
		this.asked = false;
	}
}
