/** A click on the cross in mid-job loses nothing: it asks, says what runs, and does what was chosen. */
import type { Backend, ShellNews } from '$lib/backend/backend';
import { ended, running } from '$lib/backend/played';
import { replay } from '$lib/backend/replay';
import { en } from '$lib/words/en';
import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { expect, test, vi } from 'vitest';
import Closing from './Closing.svelte';
import { Shell } from './shell.svelte';

async function asked() {
	let tell: (news: ShellNews) => void = () => {};
	const backend: Backend = {
		...replay(),
		shellWords: vi.fn(() => Promise.resolve()),
		answerClose: vi.fn(() => Promise.resolve()),
		shellNews: (on) => {
			tell = on;
			return Promise.resolve(() => {});
		}
	};
	const shell = new Shell(backend);
	await shell.open(en);
	const job = { ...running(), name: 'Pump 7' };
	const view = render(Closing, { shell, jobs: { [job.id]: job } });
	tell({ kind: 'close_asked', running: [job.id] });
	await tick();
	return { backend, shell, job, view };
}

test('the words outside of the page are those of its language', async () => {
	const { backend } = await asked();
	expect(backend.shellWords).toHaveBeenCalledWith(
		expect.objectContaining({ title: en.shell.noticeTitle, passed: en.outcomes.passed })
	);
});

test('the question says what runs, and the safe answer comes first', async () => {
	await asked();
	expect(screen.getByRole('dialog')).toHaveTextContent('Pump 7');
	expect(screen.getAllByRole('button')[0]).toHaveTextContent(en.shell.background);
});

test.each([
	['background', en.shell.background],
	['stop', en.shell.stop],
	['back', en.shell.back]
] as const)('%s is answered once', async (answer, label) => {
	const { backend, shell } = await asked();
	await userEvent.click(screen.getByRole('button', { name: label }));
	await tick();
	expect(backend.answerClose).toHaveBeenCalledTimes(1);
	expect(backend.answerClose).toHaveBeenCalledWith(answer);
	expect(shell.stopping).toBe(answer === 'stop');
});

test('a job that ends while the question stands is no longer in question', async () => {
	const { job, view } = await asked();
	await view.rerender({ jobs: { [job.id]: { ...ended('passed'), id: job.id, name: 'Pump 7' } } });
	expect(screen.getByRole('dialog')).not.toHaveTextContent('Pump 7');
});
