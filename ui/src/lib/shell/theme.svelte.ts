/** Light, dark or as the system: chosen in the window, remembered by it. The colours themselves stand in tokens.css. */
export const themes = ['system', 'light', 'dark'] as const;
export type ThemeName = (typeof themes)[number];
const CHOSEN = 'theme';

function remembered(): ThemeName {
	const chosen = typeof localStorage === 'undefined' ? null : localStorage.getItem(CHOSEN);
	return themes.find((theme) => theme === chosen) ?? 'system';
}

let chosen = $state<ThemeName>(remembered());

/** Before the first picture is drawn, so that nothing flashes in the wrong colours. */
export function applyTheme() {
	if (chosen === 'system') delete document.documentElement.dataset['theme'];
	else document.documentElement.dataset['theme'] = chosen;
}

export const theme = (): ThemeName => chosen;

export function chooseTheme(name: ThemeName) {
	chosen = name;
	localStorage.setItem(CHOSEN, name);
	applyTheme();
}
