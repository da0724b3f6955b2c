/** The time of day here, as a computer has it. */

/** When today began. */
export const today = (now = new Date()): number => new Date(now).setHours(0, 0, 0, 0);

/** What to add to UTC for the time of day here, in minutes. */
export const utcOffsetMin = (now = new Date()): number => -now.getTimezoneOffset();
