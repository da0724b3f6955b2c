/** English and German words of the app around its screens: closing, calling a person, appearance. */
export const shellEn = {
	closeTitle: 'Jobs are running',
	closeOne: 'One device is being provisioned. Nothing is lost yet: choose what becomes of it.',
	closeSeveral: '{n} devices are being provisioned. Nothing is lost yet: choose what becomes of them.',
	closeMore: 'and {n} more',
	background: 'Close the window, let them finish',
	backgroundHint: 'The window comes back when they are done, or when you start Firstlight again.',
	stop: 'Stop them and quit',
	stopHint:
		'A device that has its token already may still come to light: its job ends as “Not known yet” and can be checked again.',
	back: 'Back to the window',
	stopping: 'Stopping…',
	quit: 'Quit',
	noticeTitle: 'Firstlight is done',
	noticeOne: '{name}: {outcome}',
	noticeSeveral: '{passed} passed, {failed} failed, {unknown} not known yet',
	awake: 'Devices are being provisioned',
	appearance: 'Appearance',
	language: 'Language',
	theme: 'Theme',
	system: 'As the system',
	light: 'Light',
	dark: 'Dark',
	themeIs: 'Theme: {theme}'
};

export const shellDe: typeof shellEn = {
	closeTitle: 'Es laufen Aufträge',
	closeOne: 'Ein Gerät wird gerade eingerichtet. Noch ist nichts verloren: wie soll es weitergehen?',
	closeSeveral: '{n} Geräte werden gerade eingerichtet. Noch ist nichts verloren: wie soll es weitergehen?',
	closeMore: 'und {n} weitere',
	background: 'Fenster schließen, fertig werden lassen',
	backgroundHint: 'Das Fenster kommt wieder, wenn sie fertig sind oder Sie Firstlight erneut starten.',
	stop: 'Abbrechen und beenden',
	stopHint:
		'Ein Gerät, das seinen Token schon hat, kann sich noch melden: sein Auftrag endet als „Noch ungewiss“ und lässt sich erneut prüfen.',
	back: 'Zurück zum Fenster',
	stopping: 'Wird beendet …',
	quit: 'Beenden',
	noticeTitle: 'Firstlight ist fertig',
	noticeOne: '{name}: {outcome}',
	noticeSeveral: '{passed} bestanden, {failed} fehlgeschlagen, {unknown} noch offen',
	awake: 'Geräte werden eingerichtet',
	appearance: 'Darstellung',
	language: 'Sprache',
	theme: 'Farben',
	system: 'Wie das System',
	light: 'Hell',
	dark: 'Dunkel',
	themeIs: 'Farben: {theme}'
};
