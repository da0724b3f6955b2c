/** A station while a lead sets it up: what is typed, what is wrong with it, and the plan that it makes. */
import type {
	LabelPlanView,
	PlaceView,
	ScanPlanView,
	StationPlanView,
	SymbolView
} from '$lib/backend/backend';
import { w } from '$lib/words';

export type Printing = 'none' | 'network' | 'usb' | 'pdf';

/** The most slots of a station, and the most lines of a label; Rust refuses more. */
const MOST_SLOTS = 24;
const MOST_LINES = 8;
/** What a label may name in braces. */
export const FIELDS = [
	'unit',
	'mac',
	'name',
	'serial',
	'device_id',
	'template',
	'firmware',
	'work_order',
	'operator',
	'station',
	'date'
] as const;

const SCAN: ScanPlanView = {
	prefix: '',
	gap_ms: 35,
	least: 4,
	operator: null,
	work_order: null,
	shift: null,
	labels: [],
	name: null
};

const whole = (text: string, least: number, most: number): number | null => {
	const number = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
	return number >= least && number <= most ? number : null;
};
const filled = (text: string): string | null => text.trim() || null;
const lines = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');
export class PlanDraft {
	name = $state('');
	count = $state('4');
	takt = $state('');
	/** As many as ever were wanted; the first `count` of them are kept. */
	slots = $state<{ name: string; radio: boolean; adapter: string }[]>([]);

	prefix = $state('');
	gap = $state('');
	least = $state('');
	operator = $state('');
	workOrder = $state('');
	shift = $state('');
	labels = $state('');
	deviceName = $state('');

	printing = $state<Printing>('none');
	address = $state('');
	path = $state('/dev/usb/lp0');
	folder = $state('');
	dpi = $state<'203' | '300' | '600'>('203');
	width = $state('50');
	height = $state('25');
	text = $state('{name}\n{unit}');
	code = $state('{unit}');
	symbol = $state<SymbolView>('data_matrix');
	scanBack = $state(true);

	constructor(plan: StationPlanView | null) {
		const scan = plan?.scan ?? SCAN;
		[this.prefix, this.gap, this.least] = [scan.prefix, String(scan.gap_ms), String(scan.least)];
		[this.operator, this.workOrder, this.shift] = [
			scan.operator ?? '',
			scan.work_order ?? '',
			scan.shift ?? ''
		];
		[this.labels, this.deviceName] = [scan.labels.join('\n'), scan.name ?? ''];
		if (plan) {
			this.name = plan.name;
			this.count = String(plan.slots.length);
			this.takt = plan.takt_target_s === null ? '' : String(plan.takt_target_s);
		}
		this.slots = Array.from({ length: MOST_SLOTS }, (_, i) => {
			const slot = plan?.slots[i];
			const radio = slot?.place?.kind === 'ble' ? slot.place : null;
			return {
				name: slot?.name ?? String(i + 1),
				radio: radio !== null,
				adapter: radio?.adapter ?? ''
			};
		});
		const label = plan?.label;
		if (!label) return;
		this.printing = label.printer.kind;
		if (label.printer.kind === 'network') this.address = label.printer.address;
		if (label.printer.kind === 'usb') this.path = label.printer.path;
		if (label.printer.kind === 'pdf') this.folder = label.printer.folder;
		else this.dpi = String(label.printer.dpi) as typeof this.dpi;
		[this.width, this.height] = [String(label.width_mm), String(label.height_mm)];
		[this.text, this.code, this.symbol] = [label.lines.join('\n'), label.code, label.symbol];
		this.scanBack = label.scan_back;
	}

	/** How many slots there will be; 0 for a number that is none. */
	get length(): number {
		return whole(this.count, 1, MOST_SLOTS) ?? 0;
	}

	readonly problems = $derived.by(() => {
		const field = (text: string): string | null => {
			const unknown = [...text.matchAll(/\{([^}]*)\}/g)].find(
				([, name]) => !FIELDS.includes(name as (typeof FIELDS)[number])
			);
			const open = text.split('{').length !== text.split('}').length;
			return unknown || open ? w.station.fieldBad : null;
		};
		const prints = this.printing !== 'none';
		const slot = this.slots.slice(0, this.length);
		return {
			name: this.name.trim() === '' ? w.profiles.needName : null,
			count: this.length === 0 ? w.station.slotsBad : null,
			takt: this.takt === '' || whole(this.takt, 1, 86_400) ? null : w.profiles.needNumber,
			slots: slot.some(
				({ name }, i) => name.trim() === '' || slot.slice(0, i).some((other) => other.name === name)
			)
				? w.station.slotNamesBad
				: null,
			gap: whole(this.gap, 1, 1000) ? null : w.profiles.needNumber,
			least: whole(this.least, 1, 100) ? null : w.profiles.needNumber,
			address:
				this.printing === 'network' && !/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:]+\]):\d{1,5}$/i.test(this.address)
					? w.station.addressBad
					: null,
			path: this.printing === 'usb' && this.path.trim() === '' ? w.station.placeBad : null,
			folder: this.printing === 'pdf' && this.folder.trim() === '' ? w.station.placeBad : null,
			width: prints && !whole(this.width, 10, 200) ? w.station.widthBad : null,
			height: prints && !whole(this.height, 5, 300) ? w.station.heightBad : null,
			text: !prints ? null : lines(this.text).length > MOST_LINES ? w.station.linesBad : field(this.text),
			code: !prints ? null : this.code.trim() === '' ? w.station.codeBad : field(this.code)
		};
	});

	get complete(): boolean {
		return Object.values(this.problems).every((problem) => problem === null);
	}
	/** Whether a label could be tried as it stands. */
	get printable(): boolean {
		const { address, path, folder, width, height, text, code } = this.problems;
		return (
			this.printing !== 'none' && [address, path, folder, width, height, text, code].every((bad) => !bad)
		);
	}

	label(): LabelPlanView | null {
		if (this.printing === 'none') return null;
		const dpi = Number(this.dpi);
		return {
			printer:
				this.printing === 'network'
					? { kind: 'network', address: this.address.trim(), dpi }
					: this.printing === 'usb'
						? { kind: 'usb', path: this.path.trim(), dpi }
						: { kind: 'pdf', folder: this.folder.trim() },
			width_mm: Number(this.width),
			height_mm: Number(this.height),
			lines: lines(this.text),
			code: this.code.trim(),
			symbol: this.symbol,
			scan_back: this.scanBack
		};
	}

	/** `plan`: the station as it is by now; sockets were learned meanwhile. */
	wanted(plan: StationPlanView | null): StationPlanView {
		const place = (i: number): PlaceView | null => {
			const slot = this.slots[i];
			if (slot?.radio) return { kind: 'ble', adapter: filled(slot.adapter) };
			const learned = plan?.slots[i]?.place;
			return learned?.kind === 'usb' ? learned : null;
		};
		return {
			id: plan?.id ?? null,
			name: this.name,
			slots: this.slots.slice(0, this.length).map(({ name }, i) => ({ name, place: place(i) })),
			scan: {
				prefix: this.prefix,
				gap_ms: Number(this.gap),
				least: Number(this.least),
				operator: filled(this.operator),
				work_order: filled(this.workOrder),
				shift: filled(this.shift),
				labels: lines(this.labels),
				name: filled(this.deviceName)
			},
			label: this.label(),
			takt_target_s: this.takt === '' ? null : Number(this.takt)
		};
	}
}
