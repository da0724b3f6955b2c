/** What can be said about an entry while it is typed. Rust checks again and has the last word. */
import type { FaultCode, FieldKind } from '$lib/backend/backend';
import { fill, w } from '$lib/words';

/** What a person has to correct after a failure. */
export type OpenField = 'password' | 'network' | 'proof';

const WRONG: Partial<Record<FaultCode, OpenField>> = {
	'wifi.password_refused': 'password',
	'wifi.timeout': 'password',
	'wifi.failed': 'password',
	'wifi.not_found': 'network',
	'wifi.no_address': 'network',
	'wifi.unsupported': 'network',
	'device.network_missing': 'network',
	'cloud.captive_portal': 'network',
	'device.wrong_proof': 'proof'
};

/** The one field that a fault speaks of; `null`: nothing that was entered was wrong. */
export const wrongField = (code: FaultCode): OpenField | null => WRONG[code] ?? null;

/** What a metadata field does not take; an empty one is left as it is. */
export function fieldProblem(kind: FieldKind, value: string): string | null {
	if (value === '') return null;
	switch (kind) {
		case 'number':
			return /^-?\d+(\.\d+)?$/.test(value) ? null : w.job.number;
		case 'date':
			return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) ? null : w.job.date;
		case 'email':
			return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? null : w.job.email;
		case 'link':
			return /^https?:\/\/\S+$/.test(value) ? null : w.job.link;
		default:
			return null;
	}
}

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
