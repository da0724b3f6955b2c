/** Whether a text is that of a QR code rather than a proof of possession: only to say so, what is in it Rust reads. */
export function looksLikeCode(text: string): boolean {
	const trimmed = text.trim();
	return trimmed.startsWith('{') || /[?&]data=/.test(trimmed) || /^%7b/i.test(trimmed);
}
