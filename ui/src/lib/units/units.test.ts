import type { Backend, GhostView } from '$lib/backend/backend';
import { played } from '$lib/backend/played';
import { fill, w } from '$lib/words';
import { render, screen, waitFor } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fits, Ghosts, Units } from './units.svelte';
import Screen from './Units.svelte';

const ghost = (device: number, changes: Partial<GhostView> = {}): GhostView => ({
	device,
	server: 'https://cloud.practice.test',
	unit: null,
	made: 0,
	swept: false,
	fault: null,
	...changes
});

async function opened(backend: Partial<Backend> = {}, again = vi.fn<(unit: string) => void>()) {
	const desk = await played(backend);
	return { desk, again, ...render(Screen, { desk, again }) };
}
const rows = () => screen.getAllByRole('row').slice(1);

test('a search finds units by every word of their name, address, cloud device and template', async () => {
	const desk = await played();
	const unit = Object.values(desk.units)[0]!;
	expect(fits(unit, '')).toBe(true);
	expect(fits(unit, unit.unit.toUpperCase())).toBe(true);
	expect(fits(unit, `${unit.name!.split(' ')[0]} ${unit.unit.slice(0, 5)}`)).toBe(true);
	expect(fits(unit, `${unit.name} nothing-like-it`)).toBe(false);
});

test('each result can be shown alone', async () => {
	const desk = await played();
	const units = new Units(desk);
	for (const outcome of ['passed', 'failed', 'unknown', 'skipped'] as const) {
		units.filter = outcome;
		expect(units.found).toHaveLength(units.counts[outcome]);
		expect(units.found.every((unit) => unit.outcome === outcome)).toBe(true);
	}
});

test('the newest comes first; it shows what happened attempt by attempt, and can be provisioned again', async () => {
	const { again, desk } = await opened();
	await userEvent.click(rows()[0]!);
	const newest = Object.values(desk.units).reduce((a, b) => (b.last > a.last ? b : a));
	expect(await screen.findByRole('heading', { name: newest.name ?? newest.unit })).toBeVisible();
	expect(await screen.findByText(fill(w.units.attempt, { n: 1 }), { exact: false })).toBeVisible();
	await userEvent.click(screen.getByRole('button', { name: w.units.again }));
	expect(again).toHaveBeenCalledWith(newest.unit);
});

test('before the cloud is asked for configuration mode, it is said what to expect; an offline device never hears it', async () => {
	HTMLDialogElement.prototype.showModal = vi.fn(function (this: HTMLDialogElement) {
		this.open = true;
	});
	HTMLDialogElement.prototype.close = vi.fn(function (this: HTMLDialogElement) {
		this.open = false;
	});
	const reconfigure = vi.fn((unit: string) => Promise.resolve(unit !== ''));
	const { desk } = await opened({ reconfigure });
	const passed = Object.values(desk.units).find((unit) => unit.outcome === 'passed')!;
	await userEvent.type(screen.getByRole('searchbox'), passed.unit);
	await userEvent.click(rows()[0]!);
	await userEvent.click(await screen.findByRole('button', { name: w.devices.reconfigure }));
	expect(screen.getByText(w.units.expectNoHandler)).toBeVisible();
	expect(reconfigure).not.toHaveBeenCalled();
	await userEvent.click(screen.getByRole('button', { name: w.units.reconfigureAsk }));
	expect(reconfigure).toHaveBeenCalledWith(passed.unit);
	expect(await screen.findByText(w.devices.reconfigureOffline)).toBeVisible();
});

test('facts that come late are not shown for another unit', async () => {
	const answers: Record<string, (facts: []) => void> = {};
	const desk = await played({ history: (unit) => new Promise((answer) => (answers[unit] = answer)) });
	const units = new Units(desk);
	const [one, other] = units.all.map((unit) => unit.unit) as [string, string];
	units.choose(one);
	units.choose(other);
	const late = [{ at: 0, job: 'late', fact: 'queued', about: {}, fault: null }] as never;
	answers[one]!(late);
	await Promise.resolve();
	expect(units.facts).toEqual([]);
});

test('leftovers are seen first, and removed only after a yes, and only those chosen', async () => {
	const sweep = vi.fn((chosen: { device: number }[]) =>
		Promise.resolve(chosen.map(({ device }) => ghost(device, { swept: true })))
	);
	await opened({ ghosts: () => Promise.resolve([ghost(1), ghost(2)]), sweep });
	await userEvent.click(screen.getByRole('button', { name: w.units.ghostsLook }));
	expect(await screen.findByText(fill(w.units.ghostsFound, { n: 2 }))).toBeVisible();
	await userEvent.click(screen.getAllByRole('checkbox')[0]!);
	await userEvent.click(screen.getByRole('button', { name: fill(w.units.ghostsSweep, { n: 1 }) }));
	expect(sweep).not.toHaveBeenCalled();
	await userEvent.click(screen.getByRole('button', { name: w.units.ghostsYes }));
	expect(sweep).toHaveBeenCalledWith([{ server: ghost(2).server, device: 2 }]);
	expect(await screen.findByText(w.units.swept)).toBeVisible();
});

test('a leftover that cannot be asked about is not chosen, and one that came to life is gone from the list', async () => {
	const fault = { code: 'cloud.unavailable', step: 'reserve', blame: 'cloud', retry: 'now' } as const;
	const down = ghost(3, { fault: { ...fault, device_code: null, about: {}, chain: '' } });
	const desk = await played({
		ghosts: () => Promise.resolve([ghost(1), down]),
		sweep: () => Promise.resolve([])
	});
	const ghosts = new Ghosts(desk);
	await ghosts.look();
	expect(ghosts.chosen).toEqual([Ghosts.key(ghost(1))]);
	ghosts.sure = true;
	await ghosts.sweep();
	expect(ghosts.found).toEqual([down]);
});

test('a report says where it was written, or that it was not', async () => {
	const report = vi.fn().mockResolvedValueOnce('/home/me/firstlight.csv').mockResolvedValueOnce(null);
	await opened({ report });
	await userEvent.click(screen.getByRole('button', { name: w.units.csv }));
	expect(report).toHaveBeenCalledWith('csv');
	expect(await screen.findByText(/\/home\/me\/firstlight\.csv/)).toBeVisible();
	await userEvent.click(screen.getByRole('button', { name: w.units.html }));
	await waitFor(() => expect(screen.getByText(w.units.reportNot)).toBeVisible());
});
