/** The state of the Provision screen: which device, what it said, what is asked of it. */
import {
	asTrouble,
	type LookView,
	type NetworkView,
	type SightingView,
	type Trouble
} from '$lib/backend/backend';
import type { Desk } from '$lib/backend/desk.svelte';
import { nameProblem, passwordProblem, ssidProblem } from './rules';

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
	#round = 0;
	/**
	 * The password of the last job, for the next device in the same network. It stays in this object only: never in the
	 * page again, and gone when it was refused, when another network is used, or when the screen is left.
	 */
	#kept = $state.raw<{ ssid: string; password: string } | null>(null);

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
		return this.ssid === null ? null : passwordProblem(this.password);
	}
	/** Nothing is typed, and the password of the last job is used again. */
	get keepsPassword(): boolean {
		return this.password === '' && this.#kept !== null && this.#kept.ssid === this.ssid;
	}
	get nameProblem(): string | null {
		return nameProblem(this.name);
	}
	get open(): boolean {
		return this.networks.find((n) => n.ssid === this.network)?.security === 'open';
	}
	get networks(): NetworkView[] {
		return this.look?.networks ?? [];
	}

	async choose(key: string) {
		const round = ++this.#round;
		this.chosen = key;
		this.look = null;
		this.trouble = null;
		this.job = null;
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
		const password = ssid === null ? null : this.keepsPassword ? (this.#kept?.password ?? '') : this.password;
		try {
			this.job = await this.desk.backend.start({
				key: this.chosen,
				ssid,
				password,
				kept_password: false,
				device_secret: this.deviceSecret || null,
				name: this.name || null,
				meta: {},
				device: null
			});
			this.#kept = ssid !== null && password ? { ssid, password } : null;
			this.password = '';
		} catch (error) {
			this.trouble = asTrouble(error);
		} finally {
			this.starting = false;
		}
	}

	/** The same device again: only what was wrong is open. */
	again() {
		if (this.current?.fault?.code === 'wifi.password_refused') this.#kept = null;
		this.job = null;
		this.trouble = null;
		this.asked = false;
	}

	/** The next device, with the same settings; the name belonged to the last one. */
	another() {
		this.#round++;
		this.job = null;
		this.chosen = null;
		this.look = null;
		this.trouble = null;
		this.looking = false;
		this.name = '';
		this.deviceSecret = '';
		this.asked = false;
	}
}
