/** Colours can be read by everyone: contrast in both themes, and results that differ without colour. */
import { render } from '@testing-library/svelte';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import Mark from '$lib/kit/Mark.svelte';
import Result from '$lib/kit/Result.svelte';

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

/** The rules of a stylesheet that hold where this is asked for. */
function where(file: string, media: string): CSSStyleRule[] {
	const style = document.createElement('style');
	style.textContent = readFileSync(file, 'utf8').replace(/@import[^;]*;/, '');
	document.head.append(style);
	const rules = [...(style.sheet?.cssRules ?? [])]
		.filter((rule): rule is CSSMediaRule => 'media' in rule)
		.filter((rule) => rule.media.mediaText.includes(media))
		.flatMap((rule) => [...rule.cssRules] as CSSStyleRule[]);
	style.remove();
	return rules;
}

test('in the colours that a person has chosen for the whole system, every meaning is one of those', () => {
	const [root] = where('src/lib/styles/tokens.css', 'forced-colors');
	const forced = (name: string) => root?.style.getPropertyValue(`--${name}`).trim();
	const text: Record<string, string> = { Canvas: 'CanvasText', Highlight: 'HighlightText' };
	const meanings = Object.keys(themes.light);
	expect(meanings.filter((name) => !/^(Canvas|Highlight)(Text)?$/.test(forced(name) ?? ''))).toEqual([]);
	for (const on of meanings.filter((name) => name.startsWith('on-')))
		expect(forced(on), on).toBe(text[forced(on.slice(3)) ?? '']);
});

test('in those colours, what is chosen keeps an edge and drawings keep their shapes', () => {
	const rules = where('src/lib/styles/base.css', 'forced-colors');
	const of = (selector: string) => rules.find((rule) => rule.selectorText.includes(selector))?.style;
	for (const chosen of ["[aria-selected='true']", "[aria-pressed='true']", '[aria-current]'])
		expect(of(chosen)?.getPropertyValue('outline'), chosen).toContain('Highlight');
	expect(of("span[aria-hidden='true']")?.getPropertyValue('forced-color-adjust')).toBe('none');
});

const components = import.meta.glob<string>('/src/**/*.svelte', {
	query: '?raw',
	import: 'default',
	eager: true
});

test('who wants less motion sees none: all of it is in stylesheets, and the stylesheet ends it', () => {
	const [rule] = where('src/lib/styles/base.css', 'prefers-reduced-motion');
	expect(rule?.selectorText).toMatch(/^\*/);
	for (const property of ['animation-duration', 'transition-duration', 'animation-iteration-count'])
		expect(rule?.style.getPropertyPriority(property), property).toBe('important');
	const scripted =
		/\b(transition|animate|in|out):\w+[|={\s/>]|\.animate\(|behavior: 'smooth'|svelte\/(motion|transition|animate)|scroll-behavior/;
	const moving = Object.entries(components).filter(([, text]) =>
		scripted.test(text.replace(/<style>[\s\S]*<\/style>/, ''))
	);
	expect(moving.map(([path]) => path)).toEqual([]);
});

test('in greyscale, a result is told by its word and its shape, and both stand out from what they lie on', () => {
	const outcomes = ['passed', 'failed', 'unknown', 'skipped'] as const;
	const told = outcomes.map((outcome) => {
		const { container } = render(Result, { outcome });
		expect(container.querySelectorAll('svg')).toHaveLength(1);
		return container.textContent.trim();
	});
	expect(new Set(told).size).toBe(4);
	// Without colour only lightness is left, which is what contrast is made of: text, and the shape's own inner line.
	for (const theme of Object.values(themes))
		for (const outcome of outcomes) {
			expect(contrast(theme[`on-${outcome}`]!, theme[outcome]!), outcome).toBeGreaterThanOrEqual(4.5);
			expect(contrast(theme[`on-${outcome}`]!, theme['surface-raised']!), outcome).toBeGreaterThanOrEqual(3);
		}
});

test('nothing wears a result’s colour without a word, a shape or a result beside it', () => {
	const bare = Object.entries(components).filter(([, text]) => {
		const [markup = '', style = ''] = text.split('<style>');
		const coloured = /background(-color)?: var\(--(passed|failed|unknown|skipped)\)/.test(style);
		return (
			coloured && !/<(Mark|Result)\b|\bw\.|Words\(|\{words\.|\{problem|\{title|\{said|render /.test(markup)
		);
	});
	expect(bare.map(([path]) => path)).toEqual([]);
});
