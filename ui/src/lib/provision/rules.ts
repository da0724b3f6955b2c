/** What can be said about an entry while it is typed. Rust checks again and has the last word. */
import { fill, w } from '$lib/words';

const bytes = (text: string): number => new TextEncoder().encode(text).length;

export function ssidProblem(ssid: string): string | null {
	if (ssid === '') return w.provision.ssidEmpty;
	const n = bytes(ssid);
	return n > 31 ? fill(w.provision.ssidLong, { n }) : null;
}

export function passwordProblem(password: string): string | null {
	const n = [...password].length;
	if (n === 0) return null;
	if (n < 8) return fill(w.provision.passwordShort, { n });
	return bytes(password) > 63 ? fill(w.provision.passwordLong, { n: bytes(password) }) : null;
}

export function nameProblem(name: string): string | null {
	return name === '' || /^[\p{L}\p{N} '_-]{1,50}$/u.test(name) ? null : w.provision.nameBad;
}

/** Quotation marks or spaces around an entry are mostly pasted by accident. */
export const looksPasted = (text: string): boolean => text !== text.trim() || /^["'“„].*["'”“]$/u.test(text);

export function signal(rssi: number | null): 'signalStrong' | 'signalGood' | 'signalWeak' | null {
	if (rssi === null) return null;
	return rssi >= -60 ? 'signalStrong' : rssi >= -75 ? 'signalGood' : 'signalWeak';
}
