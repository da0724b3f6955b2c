/** What the doctor finds, with the fix for each; the support bundle; about. English and German. */
import type { FindingCode } from '$lib/backend/backend';

type Findings = Record<FindingCode, { what: string; fix: string }>;

export const checkupEn = {
	again: 'Check again',
	running: 'Checking …',
	lead: 'What stands between you and the next device, and what cures it.',
	summaryFine: 'Nothing stands in the way of the next device.',
	summaryAttention: 'It works; something should be known.',
	summaryProblem: 'Something has to be mended first.',
	checks: {
		state: 'State folder',
		serial: 'Serial ports',
		group: 'Permission for ports',
		modem: 'ModemManager',
		bluetooth: 'Bluetooth',
		secrets: 'Secrets',
		proxy: 'Proxy',
		cloud: 'Cloud',
		clock: 'Clock'
	},
	health: { ready: 'ready', attention: 'needs attention', problem: 'problem', skipped: 'not checked' },
	support: 'Support bundle',
	supportHint:
		'One file for whoever helps you: the record of all jobs, these checks, versions and the log. No password, no token and no client secret is in it; read it before you hand it on.',
	bundle: 'Save the bundle …',
	bundling: 'Writing …',
	bundled: 'Written: {path} ({kb} KB)',
	bundleFailed: 'The bundle was not written',
	licences: 'Licences of what is inside',
	licencesHint: '{n} libraries. None is under a GPL.',
	licencesNone: 'The list is made when the app is built.',
	library: 'Library',
	version: 'Version',
	licence: 'Licence',
	search: 'Search'
};

type Same<T> = { [K in keyof T]: T[K] extends string ? string : Same<T[K]> };

export const checkupDe: Same<typeof checkupEn> = {
	again: 'Noch einmal prüfen',
	running: 'Wird geprüft …',
	lead: 'Was zwischen Ihnen und dem nächsten Gerät steht, und was hilft.',
	summaryFine: 'Dem nächsten Gerät steht nichts im Weg.',
	summaryAttention: 'Es geht; etwas sollte man wissen.',
	summaryProblem: 'Etwas muss erst in Ordnung gebracht werden.',
	checks: {
		state: 'Datenordner',
		serial: 'Serielle Anschlüsse',
		group: 'Erlaubnis für Anschlüsse',
		modem: 'ModemManager',
		bluetooth: 'Bluetooth',
		secrets: 'Geheimnisse',
		proxy: 'Proxy',
		cloud: 'Cloud',
		clock: 'Uhr'
	},
	health: { ready: 'bereit', attention: 'braucht Beachtung', problem: 'Problem', skipped: 'nicht geprüft' },
	support: 'Paket für die Hilfe',
	supportHint:
		'Eine Datei für den, der Ihnen hilft: die Aufzeichnung aller Aufträge, diese Prüfungen, Versionen und das Protokoll. Kein Passwort, kein Token und kein Client-Secret ist darin; lesen Sie sie, bevor Sie sie weitergeben.',
	bundle: 'Das Paket speichern …',
	bundling: 'Wird geschrieben …',
	bundled: 'Geschrieben: {path} ({kb} KB)',
	bundleFailed: 'Das Paket wurde nicht geschrieben',
	licences: 'Lizenzen dessen, was darin steckt',
	licencesHint: '{n} Bibliotheken. Keine steht unter einer GPL.',
	licencesNone: 'Die Liste entsteht, wenn das Programm gebaut wird.',
	library: 'Bibliothek',
	version: 'Version',
	licence: 'Lizenz',
	search: 'Suchen'
};

/** `fix` is empty where nothing has to be done. A finding with a fault takes the fault's words. */
export const findingsEn: Findings = {
	state_writable: { what: '{path} can be written.', fix: '' },
	state_unwritable: {
		what: '{path} cannot be written. {why}',
		fix: 'Make the folder writable for you, free some space, or choose another with FIRSTLIGHT_STATE.'
	},
	state_practice: { what: 'Practice keeps nothing on this computer.', fix: '' },
	serial_ready: { what: 'Serial ports can be used.', fix: '' },
	serial_trouble: { what: 'Serial ports cannot be used.', fix: 'Plug a device in and check again.' },
	group_fine: { what: 'You may open serial ports (group {group}).', fix: '' },
	group_missing: {
		what: 'You are not in the group {group}, which owns serial ports.',
		fix: 'sudo usermod -aG {group} $USER, then sign out and in. The udev rule of the package (TAG+="uaccess") does the same for boards that it knows.'
	},
	modem_none: { what: 'No ModemManager that would open ports first.', fix: '' },
	modem_runs: {
		what: 'ModemManager runs and may open new serial ports before you do.',
		fix: 'If ports are busy right after plugging in: sudo systemctl stop ModemManager, or a udev rule with ENV{ID_MM_DEVICE_IGNORE}="1" for your boards.'
	},
	modem_elsewhere: { what: 'Only Linux has a ModemManager.', fix: '' },
	bluetooth_ready: { what: 'Bluetooth is switched on.', fix: '' },
	bluetooth_trouble: {
		what: 'Bluetooth cannot be used.',
		fix: 'Switch Bluetooth on. Devices on a cable work without it.'
	},
	secrets_keychain: { what: 'Secrets are kept in the system’s keychain.', fix: '' },
	secrets_file: { what: 'Secrets are kept in a locked file in the state folder.', fix: '' },
	secrets_asked: {
		what: 'There is no keychain; secrets are kept in memory until the window closes.',
		fix: 'Nothing has to be done. Under Profiles they can be kept in a locked file; on Linux a keychain is gnome-keyring or KWallet.'
	},
	secrets_closed: { what: 'The secrets cannot be read. {why}', fix: 'Open the file under Profiles.' },
	secrets_practice: { what: 'Practice needs no secrets.', fix: '' },
	proxy_none: { what: 'No proxy is set.', fix: '' },
	proxy_set: {
		what: '{variable} sends calls through {proxy}.',
		fix: 'If the cloud cannot be reached, check the proxy or name the server in NO_PROXY.'
	},
	cloud_ready: { what: '{host} answers and knows you: {who}.', fix: '' },
	cloud_trouble: { what: 'The cloud does not answer as it should.', fix: 'Check again.' },
	cloud_unnamed: { what: 'No cloud is set up yet.', fix: 'Add one under Profiles.' },
	cloud_bad_address: {
		what: '{server} is no address of a server.',
		fix: 'Write it like fra1.blynk.cloud in the profile.'
	},
	cloud_no_secrets: {
		what: 'There are no secrets to sign in with.',
		fix: 'Give them again under Profiles.'
	},
	cloud_bad_secrets: {
		what: 'The secrets cannot be used. {why}',
		fix: 'Give client id and client secret under Profiles as the console shows them.'
	},
	clock_fine: { what: 'This computer’s clock agrees with the cloud’s.', fix: '' },
	clock_off: {
		what: 'This computer’s clock differs from the cloud’s by {seconds} s.',
		fix: 'Set date and time, best automatically; certificates and sign-ins depend on it.'
	},
	clock_trouble: { what: 'The cloud’s clock could not be asked.', fix: 'Check again.' }
};

export const findingsDe: Findings = {
	state_writable: { what: '{path} ist beschreibbar.', fix: '' },
	state_unwritable: {
		what: '{path} ist nicht beschreibbar. {why}',
		fix: 'Machen Sie den Ordner für sich beschreibbar, schaffen Sie Platz oder wählen Sie einen anderen mit FIRSTLIGHT_STATE.'
	},
	state_practice: { what: 'Üben hinterlässt nichts auf diesem Computer.', fix: '' },
	serial_ready: { what: 'Serielle Anschlüsse sind benutzbar.', fix: '' },
	serial_trouble: {
		what: 'Serielle Anschlüsse sind nicht benutzbar.',
		fix: 'Stecken Sie ein Gerät an und prüfen Sie noch einmal.'
	},
	group_fine: { what: 'Sie dürfen serielle Anschlüsse öffnen (Gruppe {group}).', fix: '' },
	group_missing: {
		what: 'Sie sind nicht in der Gruppe {group}, der die seriellen Anschlüsse gehören.',
		fix: 'sudo usermod -aG {group} $USER, dann ab- und wieder anmelden. Die udev-Regel des Pakets (TAG+="uaccess") leistet dasselbe für Platinen, die sie kennt.'
	},
	modem_none: { what: 'Kein ModemManager, der Anschlüsse zuerst öffnen würde.', fix: '' },
	modem_runs: {
		what: 'Ein ModemManager läuft und öffnet neue serielle Anschlüsse vielleicht vor Ihnen.',
		fix: 'Wenn Anschlüsse gleich nach dem Einstecken belegt sind: sudo systemctl stop ModemManager, oder eine udev-Regel mit ENV{ID_MM_DEVICE_IGNORE}="1" für Ihre Platinen.'
	},
	modem_elsewhere: { what: 'Nur Linux hat einen ModemManager.', fix: '' },
	bluetooth_ready: { what: 'Bluetooth ist eingeschaltet.', fix: '' },
	bluetooth_trouble: {
		what: 'Bluetooth ist nicht benutzbar.',
		fix: 'Schalten Sie Bluetooth ein. Geräte am Kabel gehen auch ohne.'
	},
	secrets_keychain: { what: 'Geheimnisse liegen im Schlüsselbund des Systems.', fix: '' },
	secrets_file: { what: 'Geheimnisse liegen in einer verschlossenen Datei im Datenordner.', fix: '' },
	secrets_asked: {
		what: 'Es gibt keinen Schlüsselbund; Geheimnisse bleiben im Speicher, bis das Fenster schließt.',
		fix: 'Es muss nichts geschehen. Unter Profile können sie in einer verschlossenen Datei liegen; unter Linux ist ein Schlüsselbund gnome-keyring oder KWallet.'
	},
	secrets_closed: {
		what: 'Die Geheimnisse sind nicht lesbar. {why}',
		fix: 'Öffnen Sie die Datei unter Profile.'
	},
	secrets_practice: { what: 'Üben braucht keine Geheimnisse.', fix: '' },
	proxy_none: { what: 'Kein Proxy ist gesetzt.', fix: '' },
	proxy_set: {
		what: '{variable} schickt Anfragen über {proxy}.',
		fix: 'Wenn die Cloud nicht erreichbar ist: den Proxy prüfen oder den Server in NO_PROXY nennen.'
	},
	cloud_ready: { what: '{host} antwortet und kennt Sie: {who}.', fix: '' },
	cloud_trouble: { what: 'Die Cloud antwortet nicht, wie sie sollte.', fix: 'Noch einmal prüfen.' },
	cloud_unnamed: { what: 'Noch keine Cloud ist eingerichtet.', fix: 'Fügen Sie eine unter Profile hinzu.' },
	cloud_bad_address: {
		what: '{server} ist keine Adresse eines Servers.',
		fix: 'Schreiben Sie sie im Profil so: fra1.blynk.cloud.'
	},
	cloud_no_secrets: {
		what: 'Zum Anmelden fehlen die Geheimnisse.',
		fix: 'Geben Sie sie unter Profile wieder ein.'
	},
	cloud_bad_secrets: {
		what: 'Die Geheimnisse sind nicht benutzbar. {why}',
		fix: 'Geben Sie Client-Id und Client-Secret unter Profile so ein, wie die Konsole sie zeigt.'
	},
	clock_fine: { what: 'Die Uhr dieses Computers stimmt mit der Cloud überein.', fix: '' },
	clock_off: {
		what: 'Die Uhr dieses Computers weicht um {seconds} s von der Cloud ab.',
		fix: 'Stellen Sie Datum und Uhrzeit, am besten automatisch; Zertifikate und Anmeldungen hängen davon ab.'
	},
	clock_trouble: { what: 'Die Uhr der Cloud war nicht zu erfragen.', fix: 'Noch einmal prüfen.' }
};
