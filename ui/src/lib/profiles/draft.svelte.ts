/** A profile while it is made or changed. Secrets leave it as soon as they were handed over, and never come back into it. */
import {
	asTrouble,
	type AuthName,
	type IntroductionView,
	type ProfileView,
	type ReasonView,
	type Trouble
} from '$lib/backend/backend';
import type { Desk } from '$lib/backend/desk.svelte';
import type { Choice } from '$lib/kit/Chooser.svelte';
import { fill, reasonWords, w } from '$lib/words';
import { untrack } from 'svelte';

/** The public regions (section 2 of the cloud reference). */
export const REGIONS = ['fra1', 'lon1', 'ny3', 'sgp1', 'blr1'] as const;
export const OWN = 'own';
export type Region = (typeof REGIONS)[number] | typeof OWN;
export type Password = 'given' | 'unchanged' | 'asked' | 'open';

export class NetworkDraft {
	ssid = $state('');
	name = $state('');
	password = $state<Password>('given');
	secret = $state('');
	/** It was in the profile already, so its password can stay as it is. */
	readonly known: boolean;
	/** For lists on screen. */
	readonly key: number;
	static #next = 0;

	constructor(from?: { ssid: string; name: string; open: boolean }) {
		this.key = NetworkDraft.#next++;
		this.known = from !== undefined;
		if (!from) return;
		this.ssid = from.ssid;
		this.name = from.name === from.ssid ? '' : from.name;
		this.password = from.open ? 'open' : 'unchanged';
	}

	get ssidProblem(): string | null {
		const n = new TextEncoder().encode(this.ssid).length;
		return n === 0 ? w.provision.ssidEmpty : n > 32 ? fill(w.setup.ssidLong, { n }) : null;
	}
	get passwordProblem(): string | null {
		if (this.password !== 'given') return null;
		const n = [...this.secret].length;
		return n < 8
			? fill(w.provision.passwordShort, { n })
			: n > 63
				? fill(w.provision.passwordLong, { n })
				: null;
	}
}

export class Draft {
	name = $state('');
	region = $state<Region>('fra1');
	address = $state('');
	auth = $state<AuthName>('client');
	id = $state('');
	secret = $state('');
	org = $state('');
	owner = $state('');
	networks = $state<NetworkDraft[]>([]);
	driver = $state('');
	carrier = $state('');
	tokenEndpoint = $state('');
	tokenTemplate = $state('');
	tokenSuccess = $state('');
	deviceUser = $state('');
	tokenHost = $state('');
	template = $state('');
	patience = $state('');

	/** What the cloud told when it was met. */
	met = $state<IntroductionView | null>(null);
	meeting = $state(false);
	saving = $state(false);
	/** Whether the cloud's and the profile's fields have been handed in once, so that empty ones are told. */
	askedCloud = $state(false);
	asked = $state(false);
	trouble = $state<Trouble | null>(null);
	#refused = $state<Record<string, string>>({});
	#round = 0;
	/** The server and way of signing in that were met; with others it has to be met again. */
	#metAs = $state('');

	constructor(
		readonly desk: Desk,
		readonly changes: ProfileView | null = null
	) {
		if (!changes) return;
		this.name = changes.name;
		const host = changes.server.replace(/^https:\/\//, '');
		this.region = REGIONS.find((region) => host === `${region}.blynk.cloud`) ?? OWN;
		this.address = this.region === OWN ? changes.server : '';
		this.auth = changes.auth === 'bearer' ? 'bearer' : 'client';
		this.org = changes.org?.toString() ?? '';
		this.owner = changes.owner?.toString() ?? '';
		this.networks = changes.networks.map((network) => new NetworkDraft(network));
		this.driver = changes.defaults.driver ?? '';
		this.carrier = changes.defaults.carrier ?? '';
		this.tokenEndpoint = changes.defaults.token_endpoint ?? '';
		this.tokenTemplate = changes.defaults.token_template ?? '';
		this.tokenSuccess = changes.defaults.token_success ?? '';
		this.deviceUser = changes.defaults.device_user ?? '';
		this.tokenHost = changes.defaults.token_host ?? '';
		this.template = changes.defaults.expect_template ?? '';
		this.patience = changes.defaults.patience_s?.toString() ?? '';
	}

	get server(): string {
		if (this.region !== OWN) return `https://${this.region}.blynk.cloud`;
		const typed = this.address.trim().replace(/\/+$/, '');
		return typed === '' || typed.includes('://') ? typed : `https://${typed}`;
	}
	get isMet(): boolean {
		return this.met !== null && this.#metAs === `${this.auth} ${this.server}`;
	}
	/** Secrets can be left out: they are kept, or were handed over a moment ago. */
	get hasSecrets(): boolean {
		return this.isMet || (this.changes !== null && this.changes.auth === this.auth);
	}

	/** The problem of a field: what was refused, until it is changed, else what is plainly missing. */
	problem(field: string): string | null {
		return this.#refused[field] ?? null;
	}
	get serverProblem(): string | null {
		return this.problem('server') ?? (this.askedCloud && !this.server ? w.profiles.needServer : null);
	}
	get idProblem(): string | null {
		const missing = this.auth === 'client' && !this.id.trim() && !this.hasSecrets;
		return this.problem('id') ?? (this.askedCloud && missing ? w.profiles.needSecret : null);
	}
	get secretProblem(): string | null {
		const missing = !this.secret && !this.hasSecrets;
		return this.problem('secret') ?? (this.askedCloud && missing ? w.profiles.needSecret : null);
	}
	get nameProblem(): string | null {
		const bad = !this.name.trim() || [...this.name].length > 64;
		return this.problem('name') ?? (this.asked && bad ? w.setup.nameBad : null);
	}
	get orgProblem(): string | null {
		return this.problem('org') ?? (this.asked && !this.org ? w.setup.needOrg : null);
	}
	get ownerProblem(): string | null {
		return this.problem('owner') ?? (this.asked && !this.owner ? w.setup.needOwner : null);
	}

	/** What was refused is judged anew as soon as it is changed. */
	touch(field: string) {
		// Called from effects on the field alone: a new refusal must not take itself back.
		untrack(() => delete this.#refused[field]);
	}

	/** Signs in and asks who we are there. */
	async meet() {
		this.askedCloud = true;
		this.trouble = null;
		this.#refused = {};
		if (this.serverProblem || this.idProblem || this.secretProblem) return;
		const round = ++this.#round;
		this.meeting = true;
		this.met = null;
		const as = `${this.auth} ${this.server}`;
		try {
			const met = await this.desk.backend.meetCloud({
				server: this.server,
				auth: this.auth,
				profile: this.changes && this.changes.auth === this.auth ? this.changes.name : null,
				id: this.id.trim() || null,
				secret: this.secret || null
			});
			if (round !== this.#round || !met) return;
			this.met = met;
			this.#metAs = as;
			// They are in the core now; the page forgets them.
			this.id = this.secret = '';
			this.askedCloud = false;
			if (!this.org) this.org = met.organization?.id.toString() ?? '';
			if (!this.owner && met.people.length === 1) this.owner = met.people[0]!.id.toString();
			if (!this.name) this.name = this.#freeName(met.organization?.name ?? met.host);
		} catch (error) {
			if (round === this.#round) this.#refuse(asTrouble(error));
		} finally {
			if (round === this.#round) this.meeting = false;
		}
	}

	/** Stops waiting for a cloud that does not answer. Everything that was typed stays. */
	leave() {
		this.#round++;
		this.meeting = false;
		void this.desk.backend.leaveCloud();
	}

	#freeName(wanted: string): string {
		const taken = this.desk.settings?.profiles.map((profile) => profile.name) ?? [];
		for (let n = 1; ; n++) {
			const name = n === 1 ? wanted : `${wanted} ${n}`;
			if (!taken.includes(name)) return name;
		}
	}

	get organizations(): Choice[] {
		return (this.met?.organizations ?? []).map((org) => ({ id: org.id.toString(), name: org.name }));
	}
	get people(): Choice[] {
		return (this.met?.people ?? []).map(person);
	}
	findOrganizations = async (query: string): Promise<Choice[]> => {
		const [found] = await this.desk.backend.findOrganizations(query);
		return found.map((org) => ({ id: org.id.toString(), name: org.name }));
	};
	findPeople = async (query: string): Promise<Choice[]> => {
		const [found] = await this.desk.backend.findPeople(query);
		return found.map(person);
	};

	get valid(): boolean {
		return (
			!this.serverProblem &&
			!this.idProblem &&
			!this.secretProblem &&
			!this.nameProblem &&
			!this.orgProblem &&
			!this.ownerProblem &&
			this.networks.every((network) => !network.ssidProblem && !network.passwordProblem)
		);
	}

	/** Keeps it. Gives whether it was kept; otherwise each reason stands at its field. */
	async save(): Promise<boolean> {
		this.asked = this.askedCloud = true;
		this.trouble = null;
		this.#refused = {};
		if (!this.valid || this.saving) return false;
		this.saving = true;
		try {
			const given = (text: string) => text.trim() || null;
			await this.desk.backend.saveProfile({
				name: this.name.trim(),
				server: this.server,
				auth: this.auth,
				org: given(this.org),
				owner: given(this.owner),
				networks: this.networks.map((network) => ({
					name: given(network.name),
					ssid: network.ssid,
					password: network.password,
					secret: network.password === 'given' ? network.secret : null
				})),
				driver: given(this.driver),
				carrier: given(this.carrier),
				token_endpoint: given(this.tokenEndpoint),
				token_template: given(this.tokenTemplate),
				token_success: given(this.tokenSuccess),
				device_user: given(this.deviceUser),
				token_host: given(this.tokenHost),
				expect_template: given(this.template),
				patience: given(this.patience),
				is_new: this.changes === null,
				id: given(this.id),
				secret: this.secret || null
			});
			this.id = this.secret = '';
			for (const network of this.networks) network.secret = '';
			this.asked = this.askedCloud = false;
			return true;
		} catch (error) {
			this.#refuse(asTrouble(error));
			return false;
		} finally {
			this.saving = false;
		}
	}

	/** Reasons go to their fields; what belongs to none stands on its own. */
	#refuse(trouble: Trouble) {
		if (!('refusal' in trouble)) {
			this.trouble = trouble;
			return;
		}
		const rest: ReasonView[] = [];
		const refused: Record<string, string> = {};
		for (const reason of trouble.refusal.reasons) {
			const field = reason.about['field'];
			if (field) refused[field] = reasonWords(reason);
			else rest.push(reason);
		}
		this.#refused = refused;
		if (rest.length > 0) this.trouble = { refusal: { reasons: rest } };
	}
}

const person = (one: { id: number; name: string; email: string | null }): Choice => ({
	id: one.id.toString(),
	name: one.name,
	...(one.email ? { note: one.email } : {})
});
