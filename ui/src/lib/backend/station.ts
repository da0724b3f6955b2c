/** What the window asks of the station, and of what the line makes. Part of {@link Backend}. */
import type {
	ArmRequest,
	InsightsRequest,
	InsightsView,
	KeyPress,
	LabelPlanView,
	PrinterTroubleView,
	SignOnField,
	StationCommand,
	StationPlanView,
	StationView,
	SymbolView
} from './bindings/views';

export interface StationCalls {
	/** `null`: no station is set up here. */
	view(): Promise<StationView | null>;
	/** The view now, and again after every change; returns a way to stop. */
	watch(on: (view: StationView | null) => void): Promise<() => void>;
	/** Sets the station up or changes it. An empty `newPin` takes the lock away, `null` leaves it. */
	save(plan: StationPlanView, pin: string | null, newPin: string | null): Promise<void>;
	arm(request: ArmRequest): Promise<void>;
	disarm(pin: string | null): Promise<void>;
	/** Learns this slot's place from the next unit that is plugged in; `null` ends learning. */
	learn(slot: number | null, pin: string | null): Promise<void>;
	/** All keystrokes while the scan line listens, with `event.timeStamp`; in small groups, the last at the latest 100 ms after it. */
	keys(keys: KeyPress[]): Promise<void>;
	/** A line that a person typed into a field. */
	line(text: string): Promise<void>;
	/** What a code of the printed sheet does; `slot` from 1. */
	command(command: StationCommand, slot: number | null): Promise<void>;
	/** `null`: nobody, none. */
	signOn(field: SignOnField, value: string | null): Promise<void>;
	/** Prints a label with made-up fields; gives what the printer lacks, or nothing when it came out. */
	tryLabel(label: LabelPlanView, pin: string | null): Promise<PrinterTroubleView | null>;
	/**
	 * The sheet of codes as a page to print, where the person chooses; gives its path, or nothing. `words` names each code by its word (`start`, `retry`, `set_aside`, `stop`,
	 * `print`, `sign_off`, `slot`, `operator`, `work_order`, `shift`), with `{value}` for the slot or the name.
	 */
	codes(
		language: string,
		title: string,
		symbol: SymbolView,
		people: [SignOnField, string][],
		words: Record<string, string>
	): Promise<string | null>;
	insights(request: InsightsRequest): Promise<InsightsView>;
}

const refused = { refusal: { reasons: [{ code: 'refused.station_unknown' as const, about: {} }] } };
const refuse = () => Promise.reject(refused);
const nothing = { part: 0, of: 0, ratio: null };
const noTimes = { count: 0, least: 0, median: 0, p95: 0, most: 0 };

/** Where there is no station: a plain browser. */
export const noStation: StationCalls = {
	view: () => Promise.resolve(null),
	watch: (on) => {
		on(null);
		return Promise.resolve(() => {});
	},
	save: refuse,
	arm: refuse,
	disarm: refuse,
	learn: refuse,
	keys: refuse,
	line: refuse,
	command: refuse,
	signOn: refuse,
	tryLabel: refuse,
	codes: refuse,
	insights: () =>
		Promise.resolve({
			all: {
				first_pass: nothing,
				second_pass: nothing,
				last_pass: nothing,
				runs: 0,
				passed: 0,
				failed: 0,
				unknown: 0,
				skipped: 0,
				nameless: 0
			},
			days: [],
			causes: [],
			steps: [],
			cycle: noTimes,
			takt: noTimes,
			slots: [],
			stations: [],
			work_orders: [],
			operators: []
		})
};
