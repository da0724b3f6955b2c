/** The state of the Station screen: the view that Rust sends, the keys that a scanner types, and what a lead enters. */
import {
	asTrouble,
	type Backend,
	type CueKind,
	type KeyPress,
	type StationView,
	type Trouble
} from '$lib/backend/backend';

/** Keys that come closer together than this are a scanner's; a person's Enter on a button stays a click. */
const SCANNER_GAP_MS = 60;
/** Keys are handed over in groups, the last one this long after it was pressed at most. */
const GROUP_MS = 40;

const isField = (target: EventTarget | null): boolean =>
	target instanceof HTMLElement && target.closest('input, select, textarea, dialog') !== null;

export class Line {
	view = $state.raw<StationView | null>(null);
	ready = $state(false);
	trouble = $state<Trouble | null>(null);
	busy = $state(false);
	#cue: number | null = null;
	#keys: KeyPress[] = [];
	/** The key before was part of a code. */
	#inCode = false;
	#last = -Infinity;
	#due: ReturnType<typeof setTimeout> | undefined;

	constructor(
		readonly backend: Backend,
		readonly sound: (kind: CueKind) => void
	) {}

	async watch(): Promise<() => void> {
		const stop = await this.backend.station.watch((view) => this.#show(view));
		return () => {
			clearTimeout(this.#due);
			stop();
		};
	}

	#show(view: StationView | null) {
		// What was heard before this screen was opened is history.
		if (this.ready && view?.cue && view.cue.number !== this.#cue) this.sound(view.cue.kind);
		this.#cue = view?.cue?.number ?? null;
		this.view = view;
		this.ready = true;
	}

	/** The scan line always listens, wherever the focus is; only fields that are typed into have their keys to themselves. */
	key(event: KeyboardEvent) {
		if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
		const quick = event.timeStamp - this.#last < SCANNER_GAP_MS;
		this.#last = event.timeStamp;
		// Tab, Enter and space end a code or are part of one only where its letters came right before; else they are a person's.
		const inCode = quick && this.#inCode;
		this.#inCode = inCode;
		if (event.key === 'Tab' && !inCode) return;
		if (event.key.length > 1 && !['Enter', 'Tab', 'Shift'].includes(event.key)) return;
		const pressed =
			event.target instanceof HTMLElement && event.target.closest('button, a, summary') !== null;
		if (pressed && !inCode && (event.key === 'Enter' || event.key === ' ')) return;
		if (event.key.length === 1) this.#inCode = true;
		event.preventDefault();
		this.#keys.push({ key: event.key, at: event.timeStamp });
		this.#due ??= setTimeout(() => this.#hand(), GROUP_MS);
		if (event.key === 'Enter') this.#hand();
	}

	#hand() {
		clearTimeout(this.#due);
		this.#due = undefined;
		const keys = this.#keys;
		this.#keys = [];
		if (keys.length > 0)
			void this.backend.station.keys(keys).catch((error) => (this.trouble = asTrouble(error)));
	}

	/** Does one thing for a lead or an operator; `true` when it was done. */
	async call(work: () => Promise<unknown>): Promise<boolean> {
		if (this.busy) return false;
		[this.busy, this.trouble] = [true, null];
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
