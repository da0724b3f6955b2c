/** The app around its screens: the words it says outside of the page, and the question before it closes in mid-job. */
import type { Backend, CloseAnswer, ShellWords } from '$lib/backend/backend';
import type { Words } from '$lib/words/en';

export class Shell {
	/** The jobs that run while somebody wants to close; `null`: nobody does. */
	asked = $state.raw<string[] | null>(null);
	stopping = $state(false);

	constructor(readonly backend: Backend) {}

	/** Tells the shell its words and listens to it. Returns a way to stop. */
	async open(words: Words): Promise<() => void> {
		await this.backend.shellWords(spoken(words));
		return this.backend.shellNews((news) => {
			if (news.kind === 'close_asked') this.asked = news.running;
		});
	}

	async answer(answer: CloseAnswer) {
		if (this.asked === null || this.stopping) return;
		if (answer === 'stop') this.stopping = true;
		else this.asked = null;
		await this.backend.answerClose(answer);
	}
}

/** What is said outside of the page, in its language. */
export const spoken = (words: Words): ShellWords => ({
	title: words.shell.noticeTitle,
	one: words.shell.noticeOne,
	several: words.shell.noticeSeveral,
	awake: words.shell.awake,
	passed: words.outcomes.passed,
	failed: words.outcomes.failed,
	unknown: words.outcomes.unknown,
	skipped: words.outcomes.skipped
});
