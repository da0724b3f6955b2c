/** Each end of a job, as it was recorded: its word, its shape, and the one button that goes on. */
import type { JobView, OutcomeView } from '$lib/backend/backend';
import { ended, jobs, running } from '$lib/backend/played';
import { faultWords, w } from '$lib/words';
import { render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import Job from './Job.svelte';

function show(job: JobView) {
	const calls = { stop: vi.fn(), again: vi.fn(), another: vi.fn(), checkAgain: vi.fn() };
	return { calls, ...render(Job, { job, ...calls }) };
}

const ends: [OutcomeView, string, 'another' | 'again' | 'checkAgain'][] = [
	['passed', w.provision.another, 'another'],
	['failed', w.provision.again, 'again'],
	['unknown', w.provision.checkAgain, 'checkAgain'],
	['skipped', w.provision.again, 'again']
];

test.each(ends)('%s has its word and shape, and Enter goes on', async (outcome, button, call) => {
	const { calls, container } = show(ended(outcome));
	const result = container.querySelector(`[data-outcome=${outcome}]`);
	expect(result).toHaveTextContent(w.outcomes[outcome]);
	expect(result?.querySelector('svg')).not.toBeNull();
	expect(result?.closest('[aria-live=polite]')).not.toBeNull();
	expect(container.querySelectorAll('button.primary')).toHaveLength(1);
	expect(screen.getByRole('button', { name: button })).toHaveFocus();
	await userEvent.keyboard('{Enter}');
	expect(calls[call]).toHaveBeenCalledOnce();
});

test.each([...new Set(jobs.flatMap((job) => job.fault?.code ?? []))])(
	'%s says what happened, why, and what to do',
	(code) => {
		const job = jobs.find((job) => job.fault?.code === code)!;
		const { container } = show(job);
		const fault = container.querySelector(`[data-fault="${code}"]`);
		const words = faultWords(code, { ssid: job.ssid ?? '', ...job.fault?.about });
		for (const sentence of [words.what, words.why, words.fix]) expect(fault).toHaveTextContent(sentence);
	}
);

test('only passed says that the cloud has seen the device', () => {
	for (const outcome of ['passed', 'failed', 'unknown', 'skipped'] as const) {
		const { container, unmount } = show(ended(outcome));
		const says = container.textContent?.includes(w.outcomes.passedHint);
		expect(says, outcome).toBe(outcome === 'passed');
		unmount();
	}
});

test('a job on its way says what is normal, marks its step, and can be stopped', async () => {
	const job = running();
	const { calls, container } = show(job);
	expect(container.querySelector('[data-outcome]')).toBeNull();
	expect(screen.getByText(w.waiting[job.waiting!.what as keyof typeof w.waiting])).toBeVisible();
	const now = job.steps.find((step) => step.state === 'now')!;
	expect(container.querySelector('[aria-current=step]')).toHaveTextContent(w.steps[now.step]);
	expect(container.querySelectorAll('ol li')).toHaveLength(8);
	screen.getByRole('button', { name: job.delivered ? w.provision.stopWaiting : w.provision.stop }).click();
	expect(calls.stop).toHaveBeenCalledOnce();
});

test('after the delivery, stop means stop waiting', () => {
	show({ ...running(), delivered: true });
	expect(screen.queryByRole('button', { name: w.provision.stop })).toBeNull();
	expect(screen.getByRole('button', { name: w.provision.stopWaiting })).toBeVisible();
});

test('a failure whose link is kept says until when, and one whose link is gone says nothing of it', () => {
	const job = ended('failed', 'wifi.password_refused');
	const { container, unmount } = show({ ...job, link_until: Date.now() + 60_000 });
	expect(container.querySelector('[data-link=kept]')).toHaveTextContent('same link');
	unmount();
	for (const link_until of [null, Date.now() - 1])
		expect(show({ ...job, link_until }).container.querySelector('[data-link=kept]')).toBeNull();
});
