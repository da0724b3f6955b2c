import { expect, test } from 'vitest';
import { looksPasted, nameProblem, passwordProblem, signal, ssidProblem } from './rules';

test('a network name is counted in bytes, as devices do', () => {
	expect(ssidProblem('')).not.toBeNull();
	expect(ssidProblem('a'.repeat(31))).toBeNull();
	expect(ssidProblem('a'.repeat(32))).toContain('32');
	expect(ssidProblem('ü'.repeat(15))).toBeNull();
	expect(ssidProblem('ü'.repeat(16))).toContain('32');
});

test('a password is empty, or has 8 to 63 characters', () => {
	expect(passwordProblem('')).toBeNull();
	expect(passwordProblem('1234567')).toContain('7');
	expect(passwordProblem('12345678')).toBeNull();
	expect(passwordProblem('a'.repeat(63))).toBeNull();
	expect(passwordProblem('a'.repeat(64))).toContain('64');
});

test('a name takes letters of every script, and no control or markup characters', () => {
	for (const good of ['', "Pump's no_1-a", 'Pümpe Süd', '泵 7']) expect(nameProblem(good)).toBeNull();
	for (const bad of ['a/b', '<b>', 'a'.repeat(51), 'a\n']) expect(nameProblem(bad)).not.toBeNull();
});

test('quotation marks and spaces around an entry are asked about, not removed', () => {
	for (const pasted of [' a', 'a ', '"a"', '„a“', "'a'"]) expect(looksPasted(pasted)).toBe(true);
	for (const fine of ['', 'a b', 'a"b']) expect(looksPasted(fine)).toBe(false);
});

test('a signal has a word', () => {
	expect([null, -40, -60, -61, -75, -76].map(signal)).toEqual([
		null,
		'signalStrong',
		'signalStrong',
		'signalGood',
		'signalGood',
		'signalWeak'
	]);
});
