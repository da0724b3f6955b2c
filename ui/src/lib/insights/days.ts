/** The time of day here, as a computer has it. */

/** When the day began that is so many days before today; days of 23 and of 25 hours are days, too. */
export function daysAgo(days: number, now = new Date()): number {
	const day = new Date(now);
	day.setHours(0, 0, 0, 0);
	day.setDate(day.getDate() - days);
	return day.getTime();
}

/** What to add to UTC for the time of day here, in minutes. */
export const utcOffsetMin = (now = new Date()): number => -now.getTimezoneOffset();
