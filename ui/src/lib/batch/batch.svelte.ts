/**
 * The state of the Batch screen: the file that is being prepared, the batch that is looked at with all its rows, and what
 * is told of it. One for the whole window, since a file may be dropped on any screen. Rust holds the truth; a page that is
 * loaded anew asks for all of it again.
 */
import {
	asTrouble,
	type Backend,
	type BatchCheckView,
	type BatchFieldView,
	type BatchFileView,
	type BatchFixView,
	type BatchNetworkView,
	type BatchReportKind,
	type BatchResumeView,
	type BatchRowDetail,
	type BatchRowView,
	type BatchStartView,
	type BatchUpdate,
	type BatchView,
	type Trouble
} from '$lib/backend/backend';
import { fill, w } from '$lib/words';

export type Kind = 'waiting' | 'running' | 'passed' | 'failed' | 'unknown' | 'skipped';
export type Filter = 'all' | Kind;
export const FILTERS: Filter[] = ['all', 'waiting', 'running', 'passed', 'failed', 'unknown', 'skipped'];
export const REPORTS: BatchReportKind[] = ['html', 'csv', 'jsonl'];
export const MEANINGS = [
	'unit',
	'name',
	'owner_id',
	'org_id',
	'wifi',
	'template',
	'device_secret',
	'meta',
	'echo',
	'dropped'
] as const;
export type Meaning = (typeof MEANINGS)[number];
/** What the network list means beside names of networks. */
export const KEEP = '';
export const OTHER = '\u0000other';
/** Rows that one call brings: a few hundred kilobytes. */
const PAGE = 2_500;

export const kindOf = (row: BatchRowView): Kind =>
	row.state === 'ended' ? (row.outcome ?? 'unknown') : row.state;

export const called = (row: BatchRowView): string => row.unit ?? row.wanted ?? w.batch.nextUnit;

/** How long it will still take, in the words of somebody who plans a day. */
export function remaining(ms: number): string {
	const minutes = Math.round(ms / 60_000);
	if (minutes < 1) return w.batch.leftSoon;
	const time =
		minutes < 60
			? fill(w.batch.time.minutes, { m: minutes })
			: fill(w.batch.time.hours, { h: Math.floor(minutes / 60), m: minutes % 60 });
	return fill(w.batch.left, { time });
}

/** A column's meaning in two parts: `meta:Place` is metadata of the field Place. */
export const meaningOf = (word: string): [Meaning, string] =>
	word.startsWith('meta:') ? ['meta', word.slice(5)] : [word as Meaning, ''];

/** What is typed for rows that say nothing. */
export class Draft {
	network = $state(KEEP);
	ssid = $state('');
	password = $state('');
	org = $state('');
	owner = $state('');
	template = $state('');
	carrier = $state('');
	deviceSecret = $state('');
	operator = $state('');
	workOrder = $state('');
	parallel = $state('');
	canary = $state<'auto' | 'on' | 'off'>('auto');
	networks = $state.raw<BatchNetworkView[]>([]);

	readonly other = $derived(this.network === OTHER);
	/** A password is asked for where none is at hand. */
	readonly asks = $derived(
		this.other || this.networks.some((known) => known.ssid === this.network && !known.kept)
	);
	readonly ssidEmpty = $derived(this.other && this.ssid.trim() === '');
	readonly orgBad = $derived(this.org !== '' && !/^[1-9]\d*$/.test(this.org));
	readonly ownerBad = $derived(this.owner !== '' && !/^[1-9]\d*$/.test(this.owner));
	readonly parallelBad = $derived(this.parallel !== '' && !/^[1-9]\d*$/.test(this.parallel));
	readonly bad = $derived(this.ssidEmpty || this.orgBad || this.ownerBad || this.parallelBad);

	/** Everything that a check depends on; what is left is how the batch is run. */
	readonly said = $derived(
		JSON.stringify([
			this.network,
			this.ssid,
			this.password,
			this.org,
			this.owner,
			this.template,
			this.carrier,
			this.deviceSecret
		])
	);

	view(leaveOut = false): BatchStartView {
		return {
			canary: this.canary === 'auto' ? null : this.canary === 'on',
			parallel: this.parallel === '' ? null : Number(this.parallel),
			leave_out: leaveOut,
			org: this.org || null,
			owner: this.owner || null,
			template: this.template || null,
			carrier: this.carrier || null,
			ssid: (this.other ? this.ssid : this.network) || null,
			password: this.asks ? this.password : null,
			device_secret: this.deviceSecret || null,
			operator: this.operator || null,
			work_order: this.workOrder || null
		};
	}

	forgetSecrets() {
		[this.password, this.deviceSecret] = ['', ''];
	}
}

export class Batches {
	ready = $state(false);
	list = $state.raw<BatchView[]>([]);
	/** The batch that is looked at. */
	id = $state<string | null>(null);
	rows = $state.raw<BatchRowView[]>([]);
	file = $state.raw<BatchFileView | null>(null);
	draft = $state.raw(new Draft());
	check = $state.raw<BatchCheckView | null>(null);
	/** What was said when it was checked. */
	#checked = $state('');
	/** The name of a file that is above the window. */
	over = $state<string | null>(null);
	filter = $state<Filter>('all');
	query = $state('');
	chosen = $state<number | null>(null);
	detail = $state.raw<BatchRowDetail | null>(null);
	plan = $state.raw<BatchResumeView | null>(null);
	trouble = $state<Trouble | null>(null);
	said = $state('');
	busy = $state(false);
	readonly view = $derived(this.list.find((batch) => batch.id === this.id) ?? null);
	readonly unfinished = $derived(this.list.filter((batch) => batch.phase !== 'ended'));
	readonly stale = $derived(this.check !== null && this.#checked !== this.#saidNow());
	readonly counts = $derived.by(() => {
		const view = this.view;
		const counts: Record<Filter, number> = {
			all: view?.rows ?? 0,
			waiting: 0,
			running: view?.running ?? 0,
			passed: view?.passed ?? 0,
			failed: view?.failed ?? 0,
			unknown: view?.unknown ?? 0,
			skipped: view?.skipped ?? 0
		};
		counts.waiting = Math.max(0, counts.all - done(view) - counts.running);
		return counts;
	});
	readonly found = $derived.by(() => {
		const query = this.query.trim().toLocaleLowerCase();
		if (this.filter === 'all' && query === '') return this.rows;
		return this.rows.filter(
			(row) =>
				(this.filter === 'all' || kindOf(row) === this.filter) &&
				(query === '' ||
					`${row.row} ${row.wanted ?? ''} ${row.unit ?? ''} ${row.name ?? ''}`
						.toLocaleLowerCase()
						.includes(query))
		);
	});
	#saidNow(): string {
		const meanings = this.file?.columns.map((column) => column.meaning);
		return JSON.stringify([this.draft.said, meanings, this.file?.id]);
	}
	/** Where each row stands in `rows`. */
	#at: Record<number, number> = {};
	#early: BatchRowView[] = [];
	#round = 0;
	#stops: (() => void)[] = [];

	constructor(
		readonly backend: Backend,
		/** Somebody dropped a file: the screen is to be shown. */
		readonly opened: () => void = () => {}
	) {}

	/** Watches first and asks then. A batch that runs is shown at once, as it was left. */
	async open() {
		if (this.#stops.length > 0) return;
		try {
			this.#stops = [
				await this.backend.batches.watch((update) => this.take(update)),
				await this.backend.batches.drops((news) => {
					this.over = news.kind === 'over' ? news.name : null;
					if (news.kind === 'opened') this.#show(news.file);
					if (news.kind === 'refused') [this.trouble, this.said] = [{ refusal: news.refusal }, ''];
					if (news.kind === 'opened' || news.kind === 'refused') this.opened();
				})
			];
			await this.refresh();
		} catch (error) {
			this.trouble = asTrouble(error);
		}
		this.ready = true;
	}

	stop() {
		this.#stops.forEach((stop) => stop());
		this.#stops = [];
	}

	async refresh() {
		this.list = await this.backend.batches.list();
		const here = this.list.find((batch) => ['running', 'paused', 'stopped'].includes(batch.phase));
		if (here && this.id === null && this.file === null) await this.look(here.id);
	}

	/** One update: the batch as it stands, and the rows that changed. */
	take(update: BatchUpdate) {
		const at = this.list.findIndex((batch) => batch.id === update.batch.id);
		this.list = at < 0 ? [update.batch, ...this.list] : this.list.with(at, update.batch);
		if (update.batch.id !== this.id) return;
		// It was let go of: what taking it up again would do is said at once.
		if (update.batch.phase === 'interrupted' && this.plan === null) void this.#loadPlan();
		if (update.rows.length === 0) return;
		if (this.#loading) {
			this.#early.push(...update.rows);
			return;
		}
		this.#put(update.rows);
		const chosen = update.rows.find((row) => row.row === this.chosen);
		if (chosen) void this.#detail();
	}

	#loading = false;
	#put(changed: readonly BatchRowView[]) {
		const rows = this.rows.slice();
		for (const row of changed) {
			const at = this.#at[row.row];
			if (at !== undefined) rows[at] = row;
		}
		this.rows = rows;
	}

	/** Looks at a batch, whether it runs or not. */
	async look(id: string) {
		const round = ++this.#round;
		[this.id, this.rows, this.filter, this.query, this.chosen, this.detail] = [id, [], 'all', '', null, null];
		[this.plan, this.said, this.trouble] = [null, '', null];
		[this.#loading, this.#early] = [true, []];
		try {
			await this.#fetch(id, round);
		} catch (error) {
			if (round === this.#round) this.trouble = asTrouble(error);
		}
		if (round !== this.#round) return;
		this.#loading = false;
		this.#put(this.#early);
		if (this.view?.phase === 'interrupted') await this.#loadPlan();
	}

	async #fetch(id: string, round: number) {
		const all: BatchRowView[] = [];
		for (;;) {
			const page = await this.backend.batches.rows(id, all.length, PAGE);
			if (round !== this.#round) return;
			all.push(...page);
			if (page.length < PAGE) break;
		}
		this.#at = Object.fromEntries(all.map((row, at) => [row.row, at]));
		this.rows = all;
	}

	/** A batch that is over is told of no more, and yet what was unknown can pass: it is looked at again. */
	async renew() {
		const before = this.view;
		const round = this.#round;
		try {
			this.list = await this.backend.batches.list();
			if (before && this.view && this.view.unknown !== before.unknown) await this.#fetch(before.id, round);
		} catch (error) {
			this.trouble = asTrouble(error);
		}
	}

	/** Back to the list of all batches. */
	async home() {
		this.#round++;
		[this.id, this.rows, this.chosen, this.detail, this.plan] = [null, [], null, null, null];
		[this.trouble, this.said] = [null, ''];
		await this.putAway();
	}

	// ---- a file

	#show(file: BatchFileView) {
		const before = this.file?.id;
		this.#round++;
		[this.file, this.check, this.id, this.trouble, this.said] = [file, null, null, null, ''];
		if (before === undefined) {
			this.draft = new Draft();
		} else void this.backend.batches.close(before).catch(() => {});
	}

	/** The networks of the profile in use, which may be another one than when the file was opened. */
	async networks() {
		const draft = this.draft;
		try {
			const before = draft.networks.length;
			draft.networks = await this.backend.batches.networks();
			const chosen = draft.other || draft.networks.some((known) => known.ssid === draft.network);
			if (!chosen && (before === 0 || draft.network !== KEEP))
				draft.network = draft.networks[0]?.ssid ?? KEEP;
		} catch (error) {
			this.trouble = asTrouble(error);
		}
	}

	choose = () =>
		this.#work(async () => {
			const file = await this.backend.batches.choose(w.batch.chooseTitle);
			if (file) this.#show(file);
		});

	sample = () => this.#work(async () => this.#show(await this.backend.batches.sample()));

	saveSample = () => this.#save(() => this.backend.batches.saveSample());

	async putAway() {
		const file = this.file;
		[this.file, this.check, this.draft] = [null, null, new Draft()];
		if (file) await this.backend.batches.close(file.id).catch(() => {});
	}

	/** One after the other, and without taking the fields away in which somebody is choosing. */
	map(heading: string, meaning: Meaning, field = ''): Promise<void> {
		const word = meaning === 'meta' ? `meta:${field}` : meaning;
		this.#mapped = this.#mapped.then(async () => {
			if (!this.file) return;
			try {
				this.file = await this.backend.batches.map(this.file.id, [[heading, word]]);
			} catch (error) {
				this.trouble = asTrouble(error);
			}
		});
		return this.#mapped;
	}
	#mapped: Promise<void> = Promise.resolve();

	dryRun = () =>
		this.#work(async () => {
			await this.#mapped;
			if (!this.file || this.draft.bad) return;
			const said = this.#saidNow();
			this.check = null;
			const check = await this.backend.batches.check(this.file.id, this.draft.view());
			[this.check, this.#checked] = [check, said];
		});

	saveProblems = () =>
		this.#save(() => {
			const file = this.file;
			if (!file) return Promise.resolve(null);
			const name = fill(w.batch.problemsName, { name: file.name.replace(/\.\w+$/, '') });
			return this.backend.batches.saveProblems(file.id, this.draft.view(), name);
		});

	begin = (leaveOut: boolean) =>
		this.#work(async () => {
			if (!this.file) return;
			const id = await this.backend.batches.start(this.file.id, this.draft.view(leaveOut));
			this.draft.forgetSecrets();
			[this.file, this.check] = [null, null];
			this.list = await this.backend.batches.list();
			await this.look(id);
		});

	// ---- on its way

	pause = () => this.#act((id) => this.backend.batches.pause(id));
	goOn = (fix: BatchFixView | null = null) => this.#act((id) => this.backend.batches.goOn(id, fix));
	leave = () => this.#act((id) => this.backend.batches.leave(id));
	retryRow = (row: number) => this.#act((id) => this.backend.batches.retry(id, [row]));
	saveReport = (kind: BatchReportKind) =>
		this.#save(() =>
			this.id === null ? Promise.resolve(null) : this.backend.batches.saveReport(this.id, kind)
		);

	/** Mends what the line stands still for; a secret goes one way. */
	mend(field: BatchFieldView, typed: string | null) {
		const secret = field === 'wifi_password' || field === 'device_secret';
		return this.goOn({ field, value: secret ? null : typed, secret: secret ? typed : null });
	}

	/** While it runs the failed rows come in line again; a batch that is over is taken up for them. */
	retryFailed = () =>
		this.#act(async (id) => {
			if (this.view?.phase !== 'ended' && this.view?.phase !== 'interrupted') {
				await this.backend.batches.retry(id, []);
				return;
			}
			const plan = await this.backend.batches.resumePlan(id);
			// Only what is not at hand is asked for.
			if (plan.passwords.length > 0 || !plan.file_there) this.plan = plan;
			else await this.backend.batches.resume(id, null, true);
		});

	async #loadPlan() {
		const id = this.id;
		if (id === null) return;
		try {
			const plan = await this.backend.batches.resumePlan(id);
			if (this.id === id && this.view?.phase === 'interrupted') this.plan = plan;
		} catch (error) {
			this.trouble = asTrouble(error);
		}
	}

	resume = (password: string | null, retryFailed: boolean) =>
		this.#act(async (id) => {
			await this.backend.batches.resume(id, password, retryFailed);
			this.plan = null;
			this.list = await this.backend.batches.list();
		});

	// ---- one row

	select(row: number | null) {
		[this.chosen, this.detail] = [row, null];
		void this.#detail();
	}

	async #detail() {
		const [id, row] = [this.id, this.chosen];
		if (id === null || row === null) return;
		try {
			const detail = await this.backend.batches.row(id, row);
			if (this.id === id && this.chosen === row) this.detail = detail;
		} catch (error) {
			this.trouble = asTrouble(error);
		}
	}

	// ----

	#act(work: (id: string) => Promise<void>) {
		return this.#work(async () => {
			if (this.id !== null) await work(this.id);
		});
	}

	#save(work: () => Promise<string | null>) {
		return this.#work(async () => {
			const path = await work();
			this.said = path === null ? w.batch.notSaved : fill(w.batch.savedTo, { path });
		});
	}

	/** Does one thing; `true` when it was done. */
	async #work(work: () => Promise<unknown>): Promise<boolean> {
		if (this.busy) return false;
		[this.busy, this.trouble, this.said] = [true, null, ''];
		try {
			await work();
			return true;
		} catch (error) {
			this.trouble = asTrouble(error);
			return false;
		} finally {
			this.busy = false;
		}
	}
}

export const done = (view: BatchView | null): number =>
	view === null ? 0 : view.passed + view.failed + view.unknown + view.skipped;
