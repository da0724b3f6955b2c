/** What the window asks of batches. Part of `Backend`. Files are chosen, dropped, read and written in Rust. */
import type {
	BatchCheckView,
	BatchDropView,
	BatchFileView,
	BatchFixView,
	BatchNetworkView,
	BatchReportKind,
	BatchResumeView,
	BatchRowDetail,
	BatchRowView,
	BatchStartView,
	BatchUpdate,
	BatchView
} from './bindings/views';

export interface BatchCalls {
	/** Asks for a file with the system's own dialog; `null`: none was chosen. Rejects with `Trouble`. */
	choose(title: string): Promise<BatchFileView | null>;
	/** Files that are dragged over the window or dropped onto it; returns a way to stop. */
	drops(on: (news: BatchDropView) => void): Promise<() => void>;
	/** The sample, to play with. */
	sample(): Promise<BatchFileView>;
	/** Asks for a place and writes the sample there; `null`: none was chosen. So do all calls that save. */
	saveSample(): Promise<string | null>;
	/** Forgets an opened file. */
	close(file: string): Promise<void>;
	/** Pairs of heading and meaning; remembered for files of this heading. */
	map(file: string, columns: [string, string][]): Promise<BatchFileView>;
	networks(): Promise<BatchNetworkView[]>;
	/** The dry run: nothing is touched. */
	check(file: string, start: BatchStartView): Promise<BatchCheckView>;
	saveProblems(file: string, start: BatchStartView, name: string): Promise<string | null>;
	/** Begins, and gives the batch's id. */
	start(file: string, start: BatchStartView): Promise<string>;
	/** All batches, newest first. */
	list(): Promise<BatchView[]>;
	/** What changes from now on; returns a way to stop. */
	watch(on: (update: BatchUpdate) => void): Promise<() => void>;
	/** Rows from this one on, counted from 0 in the file's order. */
	rows(batch: string, from: number, most: number): Promise<BatchRowView[]>;
	row(batch: string, row: number): Promise<BatchRowDetail>;
	pause(batch: string): Promise<void>;
	/** Goes on after a pause or a stop, with what was changed. */
	goOn(batch: string, fix: BatchFixView | null): Promise<void>;
	/** These rows again; none: all that failed. While it runs. */
	retry(batch: string, rows: number[]): Promise<void>;
	/** Ends what runs in an orderly way; it can be resumed. */
	leave(batch: string): Promise<void>;
	resumePlan(batch: string): Promise<BatchResumeView>;
	resume(batch: string, password: string | null, retryFailed: boolean): Promise<void>;
	saveReport(batch: string, kind: BatchReportKind): Promise<string | null>;
}

const refused = { refusal: { reasons: [{ code: 'refused.nothing_open' as const, about: {} }] } };
const refuse = () => Promise.reject(refused);
const silent = () => Promise.resolve(() => {});

/** Where no batch can be run: a plain browser. */
export const noBatches: BatchCalls = {
	choose: refuse,
	drops: silent,
	sample: refuse,
	saveSample: refuse,
	close: () => Promise.resolve(),
	map: refuse,
	networks: () => Promise.resolve([]),
	check: refuse,
	saveProblems: refuse,
	start: refuse,
	list: () => Promise.resolve([]),
	watch: silent,
	rows: () => Promise.resolve([]),
	row: refuse,
	pause: refuse,
	goOn: refuse,
	retry: refuse,
	leave: refuse,
	resumePlan: refuse,
	resume: refuse,
	saveReport: refuse
};
