/** The only door to Rust. Everything the window can ask stands here; `tauri.ts` and `replay.ts` fulfil it. */
import type { BatchCalls } from './batch';
import type { StationCalls } from './station';
import type {
	CloseAnswer,
	DescribedView,
	DescribeRequest,
	DeskUpdate,
	DeskView,
	FactView,
	FaultView,
	FieldView,
	GhostChoice,
	GhostView,
	JobRequest,
	LookView,
	RefusalView,
	ShellNews,
	ShellWords,
	ReportFormat
} from './bindings/views';
import type { SetupBackend } from './setup';

export type * from './bindings/views';
export type { BatchCalls } from './batch';
export type { StationCalls } from './station';

/** The app around the page. */
export interface ShellBackend {
	/** The words in which a person is told who does not look at the page. */
	shellWords(words: ShellWords): Promise<void>;
	/** What the page is told of its window; returns a way to stop. */
	shellNews(on: (news: ShellNews) => void): Promise<() => void>;
	/** The same as a click on the window's cross. */
	closeWindow(): Promise<void>;
	answerClose(answer: CloseAnswer): Promise<void>;
}

export interface Backend extends SetupBackend, ShellBackend {
	snapshot(): Promise<DeskView>;
	/** Every change from now on, in order, each beat's in one list; returns a way to stop. */
	watch(on: (updates: DeskUpdate[]) => void): Promise<() => void>;
	/** Asks a device who it is and which networks it hears. Rejects with {@link Trouble}. */
	look(key: string, deviceSecret: string | null): Promise<LookView>;
	/** Starts a job and gives its id. Rejects with {@link Trouble}. */
	start(request: JobRequest): Promise<string>;
	/** Before delivery: stop. After it: stop waiting. */
	cancel(job: string): Promise<void>;
	/** Lets the device go whose link is kept after this job, since nobody corrects anything. */
	letGo(job: string): Promise<void>;
	/** Looks again at a job that ended unknown. */
	checkAgain(job: string): Promise<void>;
	history(unit: string): Promise<FactView[]>;
	reconfigure(unit: string): Promise<boolean | null>;
	/** The station of this computer, and what the line makes. */
	station: StationCalls;
	/** Many at once, from a file. */
	batches: BatchCalls;
	/** The metadata fields of the unit's cloud device. */
	fields(unit: string): Promise<FieldView[]>;
	/** Names a cloud device and fills its fields; the answer says what the cloud did not take. */
	describe(request: DescribeRequest): Promise<DescribedView>;
	/** The address of the unit's page in the cloud, to be copied. */
	page(unit: string): Promise<string>;
	/** Opens that page in the system's browser. */
	openPage(unit: string): Promise<void>;
	/** Cloud devices made here that never came to life; nothing is changed. */
	ghosts(): Promise<GhostView[]>;
	/** Removes those, and only those. */
	sweep(chosen: GhostChoice[]): Promise<GhostView[]>;
	/** Asks for a file and writes the report there; `null`: no file was chosen. */
	report(format: ReportFormat): Promise<string | null>;
}

/** What a rejected call carries: either nothing was begun, or something went wrong. */
export type Trouble = { refusal: RefusalView } | { fault: FaultView };

export function asTrouble(error: unknown): Trouble {
	if (typeof error === 'object' && error !== null && ('refusal' in error || 'fault' in error))
		return error as Trouble;
	return {
		fault: {
			code: 'us.bug',
			step: 'connect',
			blame: 'us',
			retry: 'never',
			device_code: null,
			about: {},
			chain: String(error)
		}
	};
}
