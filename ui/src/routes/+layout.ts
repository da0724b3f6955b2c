import { applyTheme } from '$lib/shell/theme.svelte';

export const ssr = false;
export const prerender = false;

applyTheme();
