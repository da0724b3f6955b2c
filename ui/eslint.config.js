import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

// Features do not reach into each other, and only backend/tauri.ts knows Tauri: a page puts features together.
const features = ['provision', 'units', 'station', 'insights', 'profiles', 'health', 'batch'];
const walls = features.map((feature) => ({
	files: [`src/lib/${feature}/**`],
	rules: {
		'no-restricted-imports': [
			'error',
			{
				patterns: [
					{
						group: features.filter((other) => other !== feature).map((other) => `$lib/${other}/*`),
						message: 'A feature does not reach into another; share through kit, words or backend.'
					},
					{ group: ['@tauri-apps/*'], message: 'Only lib/backend/tauri.ts knows Tauri.' }
				]
			}
		]
	}
}));

export default ts.config(
	{ ignores: ['build/', '.svelte-kit/', 'src/lib/backend/bindings/'] },
	js.configs.recommended,
	...ts.configs.recommended,
	...svelte.configs.recommended,
	{ languageOptions: { globals: { ...globals.browser, ...globals.node } } },
	{ files: ['**/*.svelte', '**/*.svelte.ts'], languageOptions: { parserOptions: { parser: ts.parser } } },
	{ rules: { 'svelte/no-navigation-without-resolve': 'off' } },
	...walls
);
