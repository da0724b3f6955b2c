/** For tests: batches as Rust would send them, each changed where a test needs it. */
import type {
	BatchCheckView,
	BatchFileView,
	BatchResumeView,
	BatchRowDetail,
	BatchRowView,
	BatchStopView,
	BatchView,
	FaultCode,
	ProblemView
} from './backend';
import { noBatches, type BatchCalls } from './batch';

export const LIMITS = { serial: 128, ble_first: 3, ble_most: 10 };

export const batch = (changes: Partial<BatchView> = {}): BatchView => ({
	id: 'b1',
	name: 'units.csv',
	phase: 'running',
	rows: 12,
	passed: 0,
	failed: 0,
	unknown: 0,
	skipped: 0,
	running: 0,
	running_serial: 0,
	running_ble: 0,
	canary: 'off',
	stop: null,
	rate_per_minute: null,
	left_ms: null,
	began: 0,
	last: 0,
	extra: [],
	letters: '............',
	settled: [],
	strangers: [],
	limits: LIMITS,
	...changes
});

export const row = (n: number, changes: Partial<BatchRowView> = {}): BatchRowView => ({
	row: n,
	wanted: `Lamp-${n}`,
	unit: null,
	name: `Lamp ${n}`,
	ssid: 'Workshop 2G',
	state: 'waiting',
	step: null,
	outcome: null,
	fault: null,
	device: null,
	job: null,
	attempts: 0,
	...changes
});

export const rows = (count: number): BatchRowView[] => Array.from({ length: count }, (_, i) => row(i + 1));

const fault = (code: FaultCode, about: Record<string, string> = {}): BatchStopView['fault'] => ({
	code,
	step: 'join',
	blame: 'network',
	retry: 'after_fix',
	device_code: null,
	about,
	chain: ''
});

export const stop = (changes: Partial<BatchStopView> = {}): BatchStopView => ({
	fault: fault('wifi.password_refused'),
	shared: { kind: 'network', ssid: 'Workshop 2G' },
	field: 'wifi_password',
	canary: false,
	rows: 5,
	...changes
});

export const slotStop = (): BatchStopView =>
	stop({ fault: fault('link.lost'), shared: { kind: 'slot', slot: 'slot 4' }, field: 'slot' });

export const file = (changes: Partial<BatchFileView> = {}): BatchFileView => ({
	id: 'f1',
	name: 'units.csv',
	rows: 12,
	format: 'csv',
	read_as: { delimiter: ',', encoding: 'UTF-8' },
	columns: [
		{ heading: 'Tag', meaning: 'echo' },
		{ heading: 'name', meaning: 'name' }
	],
	preview: [
		['A1', 'Lamp 1'],
		['A2', 'Lamp 2']
	],
	mapping_remembered: false,
	...changes
});

export const problem = (n: number | null, changes: Partial<ProblemView> = {}): ProblemView => ({
	row: n,
	line: n === null ? null : n + 1,
	column: 'unit',
	code: 'batch.mac_bad',
	about: { unit: `U${n}` },
	...changes
});

export const check = (
	problems: ProblemView[] = [],
	changes: Partial<BatchCheckView> = {}
): BatchCheckView => ({
	rows: 12,
	problems,
	cloud_asked: true,
	canary_by_default: true,
	sound: 12 - new Set(problems.map((one) => one.row)).size,
	limits: LIMITS,
	...changes
});

export const plan = (changes: Partial<BatchResumeView> = {}): BatchResumeView => ({
	waiting: 0,
	cut_off: 0,
	again: 0,
	unknown: 0,
	failed: 0,
	passwords: [],
	file: null,
	file_there: true,
	stop: null,
	...changes
});

export const detail = (of: BatchRowView, changes: Partial<BatchRowDetail> = {}): BatchRowDetail => ({
	row: of,
	fault: of.fault ? fault(of.fault) : null,
	org: 1,
	owner: 1,
	template: null,
	meta: {},
	echo: {},
	facts: [],
	...changes
});

/** Calls that know these batches and rows; whatever a test does not give is refused. */
export const calls = (list: BatchView[], of: BatchRowView[], more: Partial<BatchCalls> = {}): BatchCalls => ({
	...noBatches,
	list: () => Promise.resolve(list),
	rows: (_, from, most) => Promise.resolve(of.slice(from, from + most)),
	row: (_, n) => Promise.resolve(detail(of[n - 1]!)),
	...more
});
