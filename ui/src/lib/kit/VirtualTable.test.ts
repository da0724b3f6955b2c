/** A table of ten thousand rows: few are in the page, all can be reached, and nothing needs a mouse. */
import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { drawn, Order, type Column } from './table';
import VirtualTable from './VirtualTable.svelte';

interface Unit {
	id: string;
	name: string;
	tries: number | null;
}
const unit = (n: number): Unit => ({ id: `u${n}`, name: `Pump ${n}`, tries: n % 7 });
const many = Array.from({ length: 10_000 }, (_, n) => unit(n));
const key = (one: Unit) => one.id;
const columns: Column<Unit>[] = [
	{ id: 'name', name: 'Name', width: '2fr', text: (one) => one.name, by: (one) => one.name },
	{ id: 'tries', name: 'Attempts', width: '6rem', text: (one) => String(one.tries), by: (one) => one.tries },
	{ id: 'id', name: 'Unit', width: '1fr', text: (one) => one.id }
];
const open = (props: object = {}) =>
	render(VirtualTable<Unit>, { rows: many, key, columns, label: 'Devices', ...props });
const names = () =>
	screen
		.getAllByRole('row')
		.slice(1)
		.map((row) => within(row).getAllByRole('gridcell')[0]?.textContent?.trim());

test('few of many rows are in the page, and a screen reader is told of all', () => {
	open();
	const grid = screen.getByRole('grid', { name: 'Devices' });
	expect(grid).toHaveAttribute('aria-rowcount', '10001');
	expect(screen.getAllByRole('row').length).toBeLessThan(50);
	expect(screen.getAllByRole('row')[1]).toHaveAttribute('aria-rowindex', '2');
});

test('the keyboard reaches the last row and chooses it', async () => {
	const choose = vi.fn();
	open({ choose });
	const user = userEvent.setup();
	await user.tab();
	const grid = screen.getByRole('grid');
	expect(grid).toHaveFocus();
	await user.keyboard('{End}{ArrowUp}{Enter}');
	expect(choose).toHaveBeenCalledWith(many[9_998]);
	const active = document.getElementById(grid.getAttribute('aria-activedescendant') ?? '');
	expect(active).toHaveTextContent('Pump 9998');
	await user.keyboard('{Home} ');
	expect(choose).toHaveBeenLastCalledWith(many[0]);
});

test('a header sorts up and then down, and says so', async () => {
	open();
	const user = userEvent.setup();
	await user.click(screen.getByRole('button', { name: 'Name' }));
	expect(screen.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'ascending');
	expect(names().slice(0, 3)).toEqual(['Pump 0', 'Pump 1', 'Pump 2']);
	await user.click(screen.getByRole('button', { name: 'Name' }));
	expect(screen.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'descending');
	expect(names().slice(0, 2)).toEqual(['Pump 9999', 'Pump 9998']);
});

test('the row that the keyboard is on stays the same when the order changes', async () => {
	const few = many.slice(0, 5);
	const { rerender } = open({ rows: few, sort: { by: 'tries', down: false } });
	await userEvent.tab();
	await userEvent.keyboard('{ArrowDown}');
	await rerender({ rows: few.map((one) => (one.id === 'u1' ? { ...one, tries: 99 } : one)) });
	const grid = screen.getByRole('grid');
	expect(names().at(-1)).toBe('Pump 1');
	expect(document.getElementById(grid.getAttribute('aria-activedescendant') ?? '')).toHaveTextContent(
		'Pump 1'
	);
});

test('rows that come, change and go are always in order', () => {
	const order = new Order<Unit>(key);
	let rows = many.slice(0, 200);
	for (let round = 0; round < 50; round++) {
		rows = rows
			.filter((_, at) => (at * 7 + round) % 11 !== 0)
			.map((one, at) => ((at + round) % 3 === 0 ? { ...one, tries: (round * 31 + at) % 97 } : one));
		rows.push({ ...unit(1_000 + round), tries: round % 5 === 0 ? null : round });
		const sorted = order.of(rows, (one) => one.tries, round % 2 === 0);
		const values = sorted.map((one) => one.tries).filter((tries) => tries !== null);
		expect(values).toEqual([...values].sort((a, b) => (round % 2 === 0 ? b - a : a - b)));
		expect(new Set(sorted.map(key))).toEqual(new Set(rows.map(key)));
		expect(sorted.length).toBe(rows.length);
		expect(sorted.slice(values.length).every((one) => one.tries === null)).toBe(true);
	}
});

test('what is drawn covers what is seen, wherever one has scrolled to', () => {
	for (const [scrolled, height, count] of [
		[0, 500, 10_000],
		[123_456, 700, 10_000],
		[439_500, 500, 10_000],
		[9_000, 500, 3],
		[0, 500, 0]
	] as const) {
		const [first, last] = drawn(scrolled, height, 44, count);
		expect(first).toBeLessThanOrEqual(Math.max(0, Math.min(count, Math.floor(scrolled / 44))));
		expect(last).toBeGreaterThanOrEqual(Math.min(count, Math.ceil((scrolled + height) / 44)));
		expect(last - first).toBeLessThan(50);
	}
});
