/** For tests: the recording as screens meet it. */
import type { Backend, JobView, OutcomeView } from './backend';
import { Desk } from './desk.svelte';
import { recording, replay } from './replay';

/** A desk that has seen the whole recording. */
export async function played(changes: Partial<Backend> = {}): Promise<Desk> {
	const desk = await begun(changes);
	recording.updates.forEach((update) => desk.take(update));
	return desk;
}

/** A desk before the first job. */
export async function begun(changes: Partial<Backend> = {}): Promise<Desk> {
	const desk = new Desk({ ...replay(), ...changes });
	await desk.refresh();
	return desk;
}

/** Every state of every job, in the order in which it was shown. */
export const jobs: JobView[] = recording.updates.flatMap((update) =>
	update.change.kind === 'job' ? [update.change.job] : []
);

export function ended(outcome: OutcomeView, fault?: string): JobView {
	const job = jobs.find((job) => job.outcome === outcome && (!fault || job.fault?.code === fault));
	if (!job) throw new Error(`the recording has no job that ended ${outcome} ${fault ?? ''}`);
	return job;
}

export function running(): JobView {
	const job = jobs.find((job) => job.outcome === null && job.waiting !== null);
	if (!job) throw new Error('the recording shows no job on its way');
	return job;
}
