/** Colours can be read by everyone: contrast in both themes, and results that differ without colour. */
import { render } from '@testing-library/svelte';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import Mark from '$lib/kit/Mark.svelte';

const css = readFileSync('src/lib/styles/tokens.css', 'utf8');

/** Every colour by its meaning: light, dark. */
const pairs = [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)];
const themes = {
	light: Object.fromEntries(pairs.map(([, name, light]) => [name, light] as [string, string])),
	dark: Object.fromEntries(pairs.map(([, name, , dark]) => [name, dark] as [string, string]))
};

function luminance(colour: string): number {
	const [r, g, b] = [1, 3, 5].map((at) => {
		const value = parseInt(colour.slice(at, at + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	}) as [number, number, number];
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
/** WCAG 2.2, "contrast ratio". */
function contrast(a: string, b: string): number {
	const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
	return (high + 0.05) / (low + 0.05);
}

test('every colour has a value for light and one for dark', () => {
	const alone = css
		.split('\n')
		.filter((line) => /#[0-9a-f]{3,8}\b/i.test(line) && !line.includes('light-dark('));
	expect(alone).toEqual([]);
	expect(pairs.length).toBeGreaterThan(20);
});

test.each(Object.entries(themes))('what is written on a surface can be read, %s', (_, theme) => {
	const pairs = Object.keys(theme).filter((name) => name.startsWith('on-'));
	expect(pairs.length).toBeGreaterThan(9);
	const weak = pairs.filter((on) => contrast(theme[on]!, theme[on.slice(3)]!) < 4.5);
	expect(weak).toEqual([]);
});

test.each(Object.entries(themes))('quiet text and links can be read on every surface, %s', (_, theme) => {
	for (const surface of ['surface', 'surface-raised', 'surface-sunken'])
		expect(contrast(theme['quiet']!, theme[surface]!), surface).toBeGreaterThanOrEqual(4.5);
	for (const surface of ['surface', 'surface-raised'])
		expect(contrast(theme['accent']!, theme[surface]!), surface).toBeGreaterThanOrEqual(4.5);
});

test.each(Object.entries(themes))('borders of fields and the focus can be seen, %s', (_, theme) => {
	for (const edge of ['line-strong', 'accent'])
		for (const surface of ['surface', 'surface-raised'])
			expect(contrast(theme[edge]!, theme[surface]!), `${edge} on ${surface}`).toBeGreaterThanOrEqual(3);
});

test('in greyscale, results differ by their shapes', () => {
	const shapes = (['passed', 'failed', 'unknown', 'skipped'] as const).map((outcome) => {
		const { container } = render(Mark, { outcome });
		return [...container.querySelectorAll('path, circle, rect')]
			.map((part) => `${part.tagName} ${part.getAttribute('d') ?? ''}`)
			.join('; ');
	});
	expect(new Set(shapes).size).toBe(4);
});

test('components name meanings, not colours', () => {
	const sources = import.meta.glob<string>('/src/**/*.svelte', {
		query: '?raw',
		import: 'default',
		eager: true
	});
	expect(Object.keys(sources).length).toBeGreaterThan(10);
	const named = Object.entries(sources).filter(([, text]) =>
		/:[^;{}]*#[0-9a-f]{3,8}\b/i.test(text.split('<style>')[1] ?? '')
	);
	expect(named.map(([path]) => path)).toEqual([]);
});
