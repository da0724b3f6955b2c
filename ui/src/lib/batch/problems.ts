/** What a dry run found, put together by cause. */
import type { ProblemView } from '$lib/backend/backend';

export interface ProblemGroup {
	code: ProblemView['code'];
	column: string | null;
	problems: ProblemView[];
}

/** What is wrong, by what it is and where: one cause that is in a thousand rows is read once. */
export function grouped(problems: readonly ProblemView[]): ProblemGroup[] {
	const groups = new Map<string, ProblemGroup>();
	for (const problem of problems) {
		const key = `${problem.code} ${problem.column ?? ''}`;
		const group = groups.get(key);
		if (group) group.problems.push(problem);
		else groups.set(key, { code: problem.code, column: problem.column, problems: [problem] });
	}
	return [...groups.values()];
}
