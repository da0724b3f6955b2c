/** German: the same keys as English; a missing one fails the type check. */
import { deviceDe } from './device';
import { checkupDe } from './checkup';
import { setupDe } from './setup';
import { troublesDe } from './troubles';
import type { Words } from './en';
import { shellDe } from './shell';
import { frameDe } from './frame';
import { jobDe } from './job';
import { insightsDe, stationDe } from './station';
import { unitsDe } from './units';
import { batchDe } from './batch';

export const de: Words = {
	job: jobDe,
	frame: frameDe,
	shell: shellDe,
	station: stationDe,
	insights: insightsDe,
	units: unitsDe,
	batch: batchDe,
	app: {
		name: 'Firstlight',
		practice: 'Übung',
		practiceHint: 'Simulierte Cloud und Geräte. Nichts hier ist echt.',
		practiceLeave: 'Üben beenden',
		practiceToggle: 'Üben: beginnen oder beenden'
	},
	nav: {
		label: 'Ansichten',
		provision: 'Einrichten',
		devices: 'Geräte',
		profiles: 'Profile',
		health: 'Hilfe & Zustand',
		palette: 'Befehle',
		paletteHint: 'Befehl oder Ansicht eingeben',
		paletteNone: 'Kein solcher Befehl',
		skip: 'Zum Inhalt springen'
	},
	status: {
		label: 'Verbindungen',
		cloud: 'Cloud',
		bluetooth: 'Bluetooth',
		usb: 'USB',
		clock: 'Uhr',
		checking: 'wird geprüft',
		ready: 'bereit',
		attention: 'braucht Aufmerksamkeit',
		off: 'nicht verfügbar'
	},
	provision: {
		title: 'Ein Gerät einrichten',
		nearby: 'Geräte in Reichweite',
		none: 'Noch kein Gerät in Sicht',
		noneHint:
			'Schließen Sie ein Gerät per USB an oder versetzen Sie ein BLE-Gerät in den Einrichtungsmodus: Taste etwa 10 Sekunden halten, bis sich das Licht ändert. Geräte erscheinen hier von selbst.',
		byCable: 'USB-Kabel',
		byRadio: 'Bluetooth',
		signalStrong: 'sehr nah',
		signalGood: 'nah',
		signalWeak: 'schwaches Signal',
		askWhat: 'wird gefragt, was es ist',
		busy: 'von einem Auftrag belegt',
		known: 'bekanntes Gerät',
		pick: 'Wählen',
		back: 'Anderes Gerät wählen',
		looking:
			'Das Gerät wird gefragt, wer es ist und welche Netze es hört. Das kann bis zu 35 Sekunden dauern.',
		lookFailed: 'Das Gerät konnte nicht gefragt werden',
		tryAgain: 'Erneut versuchen',
		template: 'Vorlage',
		firmware: 'Firmware',
		address: 'Adresse',
		network: 'WLAN',
		networkOther: 'Anderes Netz…',
		networkName: 'Netzname (SSID)',
		networkNone: 'Bestehende Verbindung des Geräts behalten',
		enterprise: 'Firmennetz: kann nicht eingerichtet werden',
		five: '5 GHz: dieses Gerät kann es nicht hören',
		open: 'offen, ohne Passwort',
		password: 'Passwort',
		passwordHint: 'Leer bei offenem Netz, sonst 8 bis 63 Zeichen.',
		passwordKept:
			'Das Passwort, das Sie für dieses Netz eingegeben haben, wird wieder verwendet. Tippen Sie, um ein anderes zu nehmen.',
		reveal: 'Zeigen',
		conceal: 'Verbergen',
		name: 'Name in der Cloud (freiwillig)',
		go: 'Einrichten',
		ssidEmpty: 'Wählen Sie ein Netz.',
		ssidLong: 'Der Name ist zu lang: {n} Bytes, höchstens 31.',
		passwordShort: 'Zu kurz: {n} Zeichen, mindestens 8 (oder keins).',
		passwordLong: 'Zu lang: {n} Zeichen, höchstens 63.',
		quotes: 'Die Anführungszeichen gehören zu Ihrer Eingabe. Ist das gewollt?',
		nameBad: 'Höchstens 50 Zeichen: Buchstaben, Ziffern, Leerzeichen, Apostroph, Unterstrich, Bindestrich.',
		another: 'Noch eins',
		again: 'Wiederholen',
		stop: 'Abbrechen',
		stopWaiting: 'Nicht weiter warten',
		checkAgain: 'Erneut prüfen',
		renamed: 'Namen ändern',
		steps: 'Schritte',
		words: 'Was das Gerät sagt',
		tried: 'Was versucht wurde',
		why: 'Wahrscheinlichste Ursache',
		fix: 'Was jetzt hilft',
		support: 'Für den Support',
		deviceNumber: 'Cloud-Gerät {id}',
		elapsed: '{s} s'
	},
	steps: {
		connect: 'Verbinden',
		identify: 'Erkennen',
		survey: 'Netze ansehen',
		reserve: 'Token holen',
		deliver: 'Übergeben',
		join: 'Dem Netz beitreten',
		confirm: 'Von der Cloud gesehen',
		describe: 'Benennen'
	},
	stepStates: {
		ahead: 'noch offen',
		now: 'läuft',
		done: 'fertig',
		failed: 'fehlgeschlagen',
		left: 'ausgelassen'
	},
	waiting: {
		device: 'Warten, bis das Gerät in Reichweite ist.',
		answer: 'Warten auf die Antwort des Geräts.',
		scan: 'Das Gerät sucht Netze; bis zu 35 s sind normal.',
		cloud: 'Warten auf die Antwort der Cloud.',
		join: 'Das Gerät tritt dem Netz bei. Ein falsches Passwort wird erst nach etwa 50 s gemeldet.',
		check_in:
			'Warten, bis die Cloud das Gerät gesehen hat. Einige Sekunden sind normal, bis zu zwei Minuten möglich.'
	},
	deviceWords: {
		awaits_person: 'Wartet, bis seine Taste gedrückt wird',
		connecting_network: 'Tritt dem Netz bei',
		network_up: 'Im Netz {ip}',
		connecting_cloud: 'Verbindet sich mit der Cloud',
		connected: 'Sagt, dass es verbunden ist',
		restarted: 'Neu gestartet',
		page: 'Hat eine eigene Seite: {url}',
		said: '„{text}“'
	},
	outcomes: {
		passed: 'Bestanden',
		failed: 'Fehlgeschlagen',
		unknown: 'Noch ungewiss',
		skipped: 'Ausgelassen',
		passedHint: 'Die Cloud hat dieses Gerät nach Beginn des Auftrags gesehen.',
		unknownHint: 'Es kann noch ans Licht kommen. Nichts ist verloren, und es wird kein zweites Token geholt.'
	},
	devices: {
		title: 'Geräte',
		search: 'Suchen',
		searchHint: 'Name, Adresse oder Cloud-Gerät',
		none: 'Hier wurde noch kein Gerät eingerichtet',
		noneHint: 'Jedes Gerät, das Sie einrichten, bleibt hier mit seiner ganzen Geschichte.',
		nothingFound: 'Nichts passt zu „{query}“',
		unit: 'Gerät',
		name: 'Name',
		result: 'Ergebnis',
		device: 'Cloud-Gerät',
		attempts: 'Versuche',
		last: 'Zuletzt',
		history: 'Geschichte von {unit}',
		choose: 'Wählen Sie ein Gerät, um seine Geschichte zu sehen.',
		reconfigure: 'Einrichtungsmodus anfordern',
		reconfigureHint:
			'Die Cloud bittet das Gerät, auf eine neue Einrichtung zu warten. Manche Firmware reagiert nicht darauf: dann die Taste am Gerät benutzen.',
		reconfigureSent: 'Die Cloud hat die Bitte weitergegeben. Nichts bestätigt, dass das Gerät ihr folgt.',
		reconfigureOffline:
			'Das Gerät ist offline und hat es nicht gehört. Benutzen Sie seine Taste oder richten Sie es per Kabel neu ein.'
	},
	facts: {
		queued: 'Auftrag angenommen',
		step_began: 'Schritt: {step}',
		connected: 'Verbunden über {driver}',
		connected_kept: 'Weiter über die offen gehaltene Verbindung, mit {driver}',
		identified: 'Erkannt',
		surveyed: '{n} Netze gehört',
		reserve_intended: 'Token wird bei der Cloud angefragt',
		reserved: 'Token …{tail} für Cloud-Gerät {device}',
		renew_intended: 'Frisches Token für Cloud-Gerät {device} wird angefragt',
		renewed: 'Frisches Token …{tail} für Cloud-Gerät {device}',
		token_failed: 'Kein Token',
		adopted: 'Cloud-Gerät {device} gehört zu diesem Gerät',
		nothing_was_made: 'Die verlorene Antwort hatte nichts bewirkt',
		deliver_intended: 'Netz {ssid} und Token werden übergeben',
		delivered: 'Übergeben',
		delivery_refused: 'Das Gerät hat die Übergabe abgelehnt',
		said: 'Das Gerät: {word}',
		seen: 'Von der Cloud gesehen',
		described: 'Benannt und beschrieben',
		warned: 'Warnung',
		finished: 'Ende: {outcome}',
		sweep_intended: 'Cloud-Gerät {device} wird entfernt',
		swept: 'Cloud-Gerät {device} entfernt',
		other: '{fact}'
	},
	profiles: {
		title: 'Profile',
		none: 'Noch keine Cloud eingerichtet',
		noneHint: 'Ein Profil enthält einen Cloud-Server, die Anmeldung und den künftigen Besitzer der Geräte.',
		name: 'Name des Profils',
		server: 'Server',
		serverHint: 'Zum Beispiel fra1.blynk.cloud oder die Adresse Ihres eigenen Blynk-Servers.',
		auth: 'Anmelden mit',
		client: 'Client-Id und Secret',
		bearer: 'Bearer-Token',
		clientId: 'Client-Id',
		clientSecret: 'Client-Secret',
		bearerToken: 'Token',
		save: 'Speichern',
		saved: 'Gespeichert.',
		vaultKeychain: 'Geheimnisse liegen im Schlüsselbund des Systems.',
		vaultFile:
			'Hier gibt es keinen Schlüsselbund: Geheimnisse liegen verschlüsselt in einer Datei hinter Ihrer Passphrase.',
		vaultAsk:
			'Hier gibt es keinen Schlüsselbund: Geheimnisse werden jedes Mal erfragt und bleiben nur im Speicher.',
		needServer: 'Ein Server wird gebraucht.',
		needNumber: 'Eine ganze Zahl größer als 0.',
		needSecret: 'Das wird zum Anmelden gebraucht.',
		needName: 'Geben Sie dem Profil einen Namen.',
		inUse: 'in Gebrauch'
	},
	health: {
		title: 'Hilfe & Zustand',
		checks: 'Prüfungen',
		fine: 'Alles, was Firstlight braucht, ist da.',
		keys: 'Tastatur',
		keyScreens: 'Eine Ansicht öffnen',
		keyPalette: 'Befehle',
		keyPrimary: 'Die Haupttaste einer Ansicht',
		about: 'Über',
		version: 'Version {version}',
		licence: 'MIT OR Apache-2.0'
	},
	device: deviceDe,
	setup: setupDe,
	checkup: checkupDe,
	troubles: troublesDe,
	problem: { title: 'Das Fenster konnte nicht gefüllt werden', retry: 'Neu laden' }
};
