/** What a table of many rows reckons: the order of its rows, and which of them are to be drawn. No drawing here. */
import type { Snippet } from 'svelte';

export interface Column<Row> {
	id: string;
	/** What stands in the header. */
	name: string;
	/** A CSS grid track: `8rem`, `minmax(10rem, 2fr)`. */
	width: string;
	/** What the row is sorted by; without it, this column does not sort. Rows without a value come last. */
	by?: (row: Row) => string | number | null;
	/** What stands in the cell… */
	text?: (row: Row) => string;
	/** …or how it is drawn. */
	cell?: Snippet<[Row]>;
	/** Numbers stand at the end of their cell. */
	numeric?: boolean;
}

export interface Sort {
	by: string;
	down: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function compare(a: string | number | null, b: string | number | null, sign: number): number {
	if (a === b) return 0;
	if (a === null || a === '') return b === null || b === '' ? 0 : 1;
	if (b === null || b === '') return -1;
	if (typeof a === 'number' && typeof b === 'number') return (a - b) * sign;
	return collator.compare(String(a), String(b)) * sign;
}

/**
 * Keeps rows in order while they change many times a second: what was sorted before is nearly sorted now, and sorting
 * that again costs one comparison a row.
 */
export class Order<Row> {
	#last = new Map<string, number>();

	constructor(readonly key: (row: Row) => string) {}

	of(rows: readonly Row[], by: ((row: Row) => string | number | null) | undefined, down: boolean): Row[] {
		if (!by) {
			this.#last.clear();
			return rows as Row[];
		}
		const before: { row: Row; value: string | number | null }[] = [];
		const fresh: { row: Row; value: string | number | null }[] = [];
		for (const row of rows) {
			const entry = { row, value: by(row) };
			const at = this.#last.get(this.key(row));
			if (at === undefined) fresh.push(entry);
			else before[at] = entry;
		}
		const sign = down ? -1 : 1;
		// `filter` closes the holes that rows left which are gone.
		const sorted = [...before.filter(() => true), ...fresh].sort((a, b) => compare(a.value, b.value, sign));
		this.#last = new Map(sorted.map((entry, at) => [this.key(entry.row), at]));
		return sorted.map((entry) => entry.row);
	}
}

/** The rows to draw, first and behind the last, with a few more so that a fast scroll shows no gap. */
export function drawn(scrolled: number, height: number, row: number, count: number): [number, number] {
	const spare = 6;
	const first = Math.max(0, Math.floor(scrolled / row) - spare);
	const last = Math.min(count, Math.ceil((scrolled + height) / row) + spare);
	return [Math.min(first, count), last];
}
