import type { Backend, InsightsRequest, InsightsView } from '$lib/backend/backend';
import { replay } from '$lib/backend/replay';
import { noStation } from '$lib/backend/station';
import { faultWords, w } from '$lib/words';
import { cleanup, render, screen, within } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { daysAgo } from './days';
import Insights from './Insights.svelte';

afterEach(cleanup);

const share = (part: number, of: number) => ({ part, of, ratio: of === 0 ? null : part / of });
const yields = (changes: Partial<InsightsView['all']> = {}): InsightsView['all'] => ({
	first_pass: share(7, 10),
	second_pass: share(8, 10),
	last_pass: share(9, 10),
	runs: 14,
	passed: 9,
	failed: 4,
	unknown: 1,
	skipped: 3,
	nameless: 0,
	...changes
});
const times = (median: number) => ({ count: 9, least: 1000, median, p95: 20_000, most: 30_000 });
const counted = (changes: Partial<InsightsView> = {}): InsightsView => ({
	all: yields(),
	days: [{ day: '2026-01-02', yields: yields() }],
	causes: [
		{ code: 'wifi.password_refused', step: 'join', runs: 3, units: 2, share: 0.6, cumulative: 0.6 },
		{ code: null, step: null, runs: 2, units: 2, share: 0.4, cumulative: 1 }
	] as InsightsView['causes'],
	steps: [{ step: 'join', times: times(8000) }] as InsightsView['steps'],
	cycle: times(12_000),
	takt: times(15_000),
	slots: [
		{ station: 'Hall 2', slot: '4', yields: yields(), cycle: times(12_000), worst: 'wifi.password_refused' }
	] as InsightsView['slots'],
	stations: ['Hall 2', 'Hall 3'],
	work_orders: [],
	operators: ['Anna'],
	...changes
});
async function opened(insights: Backend['station']['insights']) {
	const backend: Backend = { ...replay(), station: { ...noStation, insights } };
	const { container } = render(Insights, { backend });
	await vi.waitFor(() => expect(container.children.length).toBeGreaterThan(0));
	return container;
}

test('yields stand with what they are of, and stopped runs are said not to count', async () => {
	await opened(() => Promise.resolve(counted()));
	const first = (await screen.findByText(w.insights.firstPass, { selector: 'span' })).closest('li')!;
	expect(first).toHaveTextContent('70 %');
	expect(first).toHaveTextContent('7 of 10 units');
	expect(screen.getByText(/14 runs: 9 passed, 4 failed, 1 not known; 3 stopped/)).toBeInTheDocument();
});

test('each drawing has its table, with the causes in words', async () => {
	await opened(() => Promise.resolve(counted()));
	await screen.findByText(w.insights.causes);
	for (const [title, rows] of [
		[w.insights.causes, [faultWords('wifi.password_refused').what, w.outcomes.unknown]],
		[w.insights.steps, [w.insights.cycle, w.insights.takt]],
		[w.insights.days, ['2026-01-02']],
		[w.insights.slots, ['Hall 2']]
	] as const) {
		const section = screen.getByText(title, { selector: 'h2' }).closest('section')!;
		await userEvent.click(within(section).getByText(w.insights.table));
		for (const row of rows) expect(within(section).getByRole('rowheader', { name: row })).toBeInTheDocument();
	}
});

test('what is chosen is asked for, and nothing is offered that there is none of', async () => {
	const asked: InsightsRequest[] = [];
	await opened((request) => {
		asked.push(request);
		return Promise.resolve(counted());
	});
	await userEvent.selectOptions(await screen.findByLabelText(w.insights.station), 'Hall 3');
	await userEvent.selectOptions(screen.getByLabelText(w.insights.period), '7');
	expect(asked.at(-1)).toMatchObject({ station: 'Hall 3', operator: null, from: daysAgo(6) });
	expect(screen.queryByLabelText(w.insights.workOrder)).toBeNull();
});

test('an answer that comes late does not take the place of a newer one', async () => {
	const answers: ((view: InsightsView) => void)[] = [];
	await opened(
		() =>
			new Promise((answer) => {
				answers.push(answer);
			})
	).catch(() => undefined);
	answers[0]!(counted());
	await userEvent.selectOptions(await screen.findByLabelText(w.insights.period), '1');
	await userEvent.selectOptions(screen.getByLabelText(w.insights.period), '7');
	answers[2]!(counted({ all: yields({ runs: 77 }) }));
	answers[1]!(counted({ all: yields({ runs: 11 }) }));
	expect(await screen.findByText(/^77 runs/)).toBeInTheDocument();
	expect(screen.queryByText(/^11 runs/)).toBeNull();
});

test('before anything was made it says when figures come', async () => {
	const none = yields({ first_pass: share(0, 0), runs: 0 });
	await opened(() => Promise.resolve(counted({ all: none })));
	expect(await screen.findByText(w.insights.noneHint)).toBeInTheDocument();
});

test('a journal that cannot be read is told, not shown as zero', async () => {
	await opened(() => Promise.reject(new Error('gone'))).catch(() => undefined);
	expect(await screen.findByText(w.job.notDone)).toBeInTheDocument();
	expect(screen.queryByText(w.insights.noneHint)).toBeNull();
});

test('days of 23 and 25 hours are days', () => {
	const now = new Date(2026, 9, 26, 9, 30);
	expect(new Date(daysAgo(1, now))).toEqual(new Date(2026, 9, 25));
	expect(new Date(daysAgo(29, now))).toEqual(new Date(2026, 8, 27));
});
