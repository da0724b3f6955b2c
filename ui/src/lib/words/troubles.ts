/**
 * Everything that the practice world can be made to do wrong: a name and a sentence for each. English and German. The values
 * are those of `--fault NAME=VALUE` on the command line and are not translated.
 */
import type { CloudKnob, DeviceKnob, PrinterKnob } from '$lib/backend/backend';

interface Knob {
	name: string;
	what: string;
}
interface Troubles {
	title: string;
	lead: string;
	whose: string;
	cloud: string;
	printer: string;
	search: string;
	searchHint: string;
	reset: string;
	resetDone: string;
	turned: string;
	none: string;
	value: string;
	usual: string;
	set: string;
	setDone: string;
	back: string;
	unplug: string;
	plug: string;
	button: string;
	buttonDone: string;
	only: string;
	nothing: string;
	when: string;
	knobs: Record<DeviceKnob, Knob>;
	cloudKnobs: Record<CloudKnob, Knob>;
	printerKnobs: Record<PrinterKnob, Knob>;
}

const knob = (name: string, what: string): Knob => ({ name, what });

export const troublesEn: Troubles = {
	title: 'Make it fail',
	lead: 'Practise what goes wrong in the field: turn something here, provision a device, and see what Firstlight says. Some devices are made for one trouble and named after it. It ends with the window.',
	whose: 'Whose trouble',
	cloud: 'The simulated cloud',
	printer: 'The simulated label printer',
	search: 'Find a fault',
	searchHint: 'For example password, timeout or 403.',
	reset: 'As it was in the beginning',
	resetDone: 'Everything is as it was in the beginning.',
	turned: 'Made to go wrong: {n}.',
	none: 'Nothing was made to go wrong.',
	value: 'Value',
	usual: 'Usual',
	set: 'Set',
	setDone: '{name} is now {value}.',
	back: 'As usual',
	unplug: 'Unplug it',
	plug: 'Plug it in',
	button: 'Hold its button',
	buttonDone: '{name} waits for a configuration.',
	only: 'Only what was changed',
	nothing: 'Nothing fits',
	when: 'When: always, once, first:N, nth:N, every:N or P%; with @CALL for one call only, as in always@reserve.',
	knobs: {
		outcome: knob(
			'How joining ends',
			'Whatever the network is like, joining ends this way; a number is a code of the device.'
		),
		reason: knob('Cause told', 'With timeout, network trouble is reported without its cause.'),
		scale: knob('Pace', 'Factor on all its waiting times; 0 is at once.'),
		slow: knob('Slow to speak', 'Milliseconds before each thing it says.'),
		mute: knob('Mute', 'It never says anything.'),
		drop: knob('Link lost at', 'The link is lost at this point.'),
		'drop-chance': knob('Link lost by chance', 'Each command loses the link with this probability.'),
		return: knob('Back in sight', 'Milliseconds after a lost link until it is seen again.'),
		open: knob('Opening the link', 'What opening the link meets.'),
		mtu: knob('Packet size', 'The largest packet that both sides agree on (Bluetooth).'),
		window: knob('Configuration window', 'Seconds; then it is no longer seen. 0 stays open.'),
		'name-late': knob('Late name', 'Milliseconds until its name is seen (Bluetooth).'),
		advert: knob('What it advertises', 'How much of itself it shows before it is asked (Bluetooth).'),
		cable: knob('Ethernet', 'A socket: none, without a cable, or connected already.'),
		wifi: knob('Wi-Fi', 'With none it has no Wi-Fi at all.'),
		place: knob('Where it is', 'With anywhere, networks that are not here let it in, too.'),
		vanish: knob('Goes dark', 'Milliseconds after a success until it is gone (Bluetooth).'),
		logs: knob('Log lines', 'How much it talks in between (serial console).'),
		'state-logs': knob('State changes', 'How it logs that its state changed (serial console).'),
		echo: knob('Echo', 'Whether typed characters come back (serial console).'),
		'reset-on-open': knob('Restart on opening', 'Opening the port restarts the board (serial console).'),
		carrier: knob('Token carrier', 'How a token reaches it (Improv).'),
		button: knob('Button', 'It waits until its button is pressed, after so many milliseconds (Improv).'),
		info: knob('Tells who it is', 'With refused it does not (Improv).'),
		deaf: knob('Deaf at first', 'Milliseconds after opening until it hears (Improv on serial).'),
		'early-error': knob('Early error', 'It reports an error and goes on trying (Improv).'),
		restart: knob('Restarts', 'It restarts while it joins and says no more (Improv on serial).'),
		order: knob('Order of success', 'Which half of a success is told first (Improv).'),
		pages: knob('Pages', 'How many addresses of pages are in its result (Improv).'),
		'spare-zero': knob('Spare byte', 'Results with a byte too many (Improv on serial).'),
		security: knob('Security', 'Which security scheme it speaks (Espressif).'),
		endpoint: knob('Token endpoint', 'With none it has no place for a token (Espressif).'),
		'token-form': knob('Form of the token', 'With json it wants token and server as JSON (Espressif).'),
		'hangs-up': knob('Hangs up', 'It closes the link on a wrong proof (Espressif).'),
		reset: knob('Reset', 'With none a failed attempt cannot be reset (Espressif).'),
		power: knob('Power', 'With lost it starts anew when it is back in sight (serial console).'),
		'built-in-server': knob('Built-in server', 'The server that is compiled into it (serial console).'),
		pieces: knob('In pieces', 'What it says comes in pieces of so many bytes (serial console).')
	},
	cloudKnobs: {
		lost: knob('Answer lost', 'The call is carried out and its answer is lost.'),
		cut: knob('Answer cut off', 'The call is carried out and its answer is cut in the middle.'),
		huge: knob('Huge answer', 'The answer is 64 MB of blanks.'),
		'not-json': knob('A page instead of data', 'The answer is a page for people.'),
		'status-400': knob('400 malformed', 'The call is refused as malformed.'),
		'status-401': knob('401 sign-in', 'The sign-in is not accepted any more.'),
		'status-403': knob('403 permission', 'A permission is missing.'),
		'status-404': knob('404 not found', 'The cloud does not know what is asked for.'),
		'status-429': knob('429 too many', 'Too many requests.'),
		'status-500': knob('500 fault', 'A fault of the cloud; nothing is done.'),
		'status-503': knob('503 unavailable', 'The cloud is unavailable; nothing is done.'),
		'status-502-after': knob('502 after the deed', 'A gateway says 502 although the call was carried out.'),
		'wrong-region': knob('Wrong region', 'The cloud sends us to another region.'),
		'redirect-to': knob('Right region', 'The address that it sends us to.'),
		scope: knob('API scope', 'With off, the client may sign in but do nothing.'),
		'retry-after': knob('Wait this long', 'Seconds that a 429 asks us to wait.'),
		'rate-limit': knob('Rate limit', 'Requests a minute; more get 429.'),
		slow: knob('Slow', 'Milliseconds before every answer.'),
		'device-limit': knob('Device limit', 'Devices that the plan allows.'),
		'token-life': knob('Life of a token', 'Seconds that an unused token lives.'),
		'sign-in-life': knob('Life of a sign-in', 'Seconds that a sign-in lives.'),
		record: knob('Record appears', 'When a reserved device is first to be seen.'),
		'old-token': knob('Old token', 'When a renewed device’s old token stops working.'),
		'unknown-template': knob('Unknown template', 'What becomes of a device of an unknown template.'),
		clock: knob('Clock', 'Milliseconds that the cloud’s clock is ahead of this computer’s.'),
		reconfigure: knob('Reconfigure', 'With silent it does not say whether the device is offline.')
	},
	printerKnobs: {
		paper: knob('Paper', 'Labels until the roll is empty.'),
		online: knob('Switched on', 'With no it does not answer.'),
		head: knob('Lid', 'With open, somebody left its lid open.'),
		paused: knob('Paused', 'With yes, somebody pressed pause.'),
		breaks: knob(
			'Connection breaks',
			'In the middle of this label, counted from now; it comes out all the same.'
		)
	}
};

export const troublesDe: Troubles = {
	title: 'Schiefgehen lassen',
	lead: 'Üben, was draußen schiefgeht: hier etwas verstellen, ein Gerät einrichten und sehen, was Firstlight dazu sagt. Manche Geräte sind für einen Fehler gemacht und heißen danach. Es endet mit dem Fenster.',
	whose: 'Wessen Fehler',
	cloud: 'Die simulierte Cloud',
	printer: 'Der simulierte Etikettendrucker',
	search: 'Einen Fehler finden',
	searchHint: 'Zum Beispiel Passwort, Zeit oder 403.',
	reset: 'Wie am Anfang',
	resetDone: 'Alles ist wie am Anfang.',
	turned: 'Verstellt: {n}.',
	none: 'Nichts ist verstellt.',
	value: 'Wert',
	usual: 'Üblich',
	set: 'Setzen',
	setDone: '{name} ist jetzt {value}.',
	back: 'Wie üblich',
	unplug: 'Abziehen',
	plug: 'Anstecken',
	button: 'Seine Taste halten',
	buttonDone: '{name} wartet auf seine Einrichtung.',
	only: 'Nur was verstellt ist',
	nothing: 'Nichts passt',
	when: 'Wann: always, once, first:N, nth:N, every:N oder P%; mit @CALL nur für einen Aufruf, wie always@reserve.',
	knobs: {
		outcome: knob(
			'Wie das Beitreten endet',
			'Wie auch immer das Netz ist, so endet das Beitreten; eine Zahl ist ein Code des Geräts.'
		),
		reason: knob('Genannte Ursache', 'Mit timeout werden Netzfehler ohne ihre Ursache gemeldet.'),
		scale: knob('Tempo', 'Faktor auf alle seine Wartezeiten; 0 heißt sofort.'),
		slow: knob('Spricht langsam', 'Millisekunden vor allem, was es sagt.'),
		mute: knob('Stumm', 'Es sagt nie etwas.'),
		drop: knob('Verbindung reißt bei', 'An dieser Stelle reißt die Verbindung.'),
		'drop-chance': knob(
			'Reißt zufällig',
			'Jeder Befehl verliert mit dieser Wahrscheinlichkeit die Verbindung.'
		),
		return: knob(
			'Wieder in Sicht',
			'Millisekunden nach einer gerissenen Verbindung, bis es wieder zu sehen ist.'
		),
		open: knob('Öffnen der Verbindung', 'Was das Öffnen der Verbindung antrifft.'),
		mtu: knob('Paketgröße', 'Das größte Paket, auf das sich beide Seiten einigen (Bluetooth).'),
		window: knob('Einrichtungszeit', 'Sekunden; dann ist es nicht mehr zu sehen. 0 bleibt offen.'),
		'name-late': knob('Später Name', 'Millisekunden, bis sein Name zu sehen ist (Bluetooth).'),
		advert: knob('Was es von sich zeigt', 'Wie viel es zeigt, bevor es gefragt wird (Bluetooth).'),
		cable: knob('Ethernet', 'Eine Buchse: keine, ohne Kabel oder schon verbunden.'),
		wifi: knob('WLAN', 'Mit none hat es gar kein WLAN.'),
		place: knob('Wo es ist', 'Mit anywhere lassen es auch Netze hinein, die es hier nicht gibt.'),
		vanish: knob('Wird dunkel', 'Millisekunden nach dem Erfolg, bis es weg ist (Bluetooth).'),
		logs: knob('Protokollzeilen', 'Wie viel es dazwischenredet (serielle Konsole).'),
		'state-logs': knob('Zustandswechsel', 'Wie es meldet, dass sein Zustand wechselt (serielle Konsole).'),
		echo: knob('Echo', 'Ob getippte Zeichen zurückkommen (serielle Konsole).'),
		'reset-on-open': knob('Neustart beim Öffnen', 'Das Öffnen startet die Platine neu (serielle Konsole).'),
		carrier: knob('Weg des Tokens', 'Wie ein Token es erreicht (Improv).'),
		button: knob(
			'Taste',
			'Es wartet auf seine Taste, die nach so vielen Millisekunden gedrückt wird (Improv).'
		),
		info: knob('Sagt, wer es ist', 'Mit refused tut es das nicht (Improv).'),
		deaf: knob('Anfangs taub', 'Millisekunden nach dem Öffnen, bis es hört (Improv seriell).'),
		'early-error': knob('Früher Fehler', 'Es meldet einen Fehler und versucht es weiter (Improv).'),
		restart: knob('Startet neu', 'Es startet beim Beitreten neu und sagt nichts mehr (Improv seriell).'),
		order: knob('Reihenfolge', 'Welche Hälfte eines Erfolgs zuerst kommt (Improv).'),
		pages: knob('Seiten', 'Wie viele Adressen von Seiten im Ergebnis stehen (Improv).'),
		'spare-zero': knob('Überzähliges Byte', 'Ergebnisse mit einem Byte zu viel (Improv seriell).'),
		security: knob('Sicherheit', 'Welches Verfahren es spricht (Espressif).'),
		endpoint: knob('Endpunkt für Token', 'Mit none hat es keinen Platz für ein Token (Espressif).'),
		'token-form': knob('Form des Tokens', 'Mit json will es Token und Server als JSON (Espressif).'),
		'hangs-up': knob('Legt auf', 'Es trennt bei einem falschen Nachweis (Espressif).'),
		reset: knob('Zurücksetzen', 'Mit none lässt sich ein Fehlversuch nicht zurücksetzen (Espressif).'),
		power: knob('Strom', 'Mit lost beginnt es neu, wenn es wieder in Sicht ist (serielle Konsole).'),
		'built-in-server': knob('Eingebauter Server', 'Der Server, der darin festgelegt ist (serielle Konsole).'),
		pieces: knob('In Stücken', 'Was es sagt, kommt in Stücken von so vielen Bytes (serielle Konsole).')
	},
	cloudKnobs: {
		lost: knob('Antwort verloren', 'Der Aufruf wird ausgeführt und seine Antwort geht verloren.'),
		cut: knob('Antwort abgeschnitten', 'Der Aufruf wird ausgeführt und seine Antwort bricht ab.'),
		huge: knob('Riesige Antwort', 'Die Antwort sind 64 MB Leerzeichen.'),
		'not-json': knob('Seite statt Daten', 'Die Antwort ist eine Seite für Menschen.'),
		'status-400': knob('400 fehlerhaft', 'Der Aufruf wird als fehlerhaft abgelehnt.'),
		'status-401': knob('401 Anmeldung', 'Die Anmeldung gilt nicht mehr.'),
		'status-403': knob('403 Berechtigung', 'Eine Berechtigung fehlt.'),
		'status-404': knob('404 unbekannt', 'Die Cloud kennt das Gefragte nicht.'),
		'status-429': knob('429 zu viele', 'Zu viele Anfragen.'),
		'status-500': knob('500 Fehler', 'Ein Fehler der Cloud; nichts ist geschehen.'),
		'status-503': knob('503 nicht verfügbar', 'Die Cloud ist nicht verfügbar; nichts ist geschehen.'),
		'status-502-after': knob(
			'502 nach der Tat',
			'Ein Vermittler sagt 502, obwohl der Aufruf ausgeführt wurde.'
		),
		'wrong-region': knob('Falsche Region', 'Die Cloud schickt uns in eine andere Region.'),
		'redirect-to': knob('Richtige Region', 'Die Adresse, zu der sie uns schickt.'),
		scope: knob('API-Zugang', 'Mit off darf der Client sich anmelden und sonst nichts.'),
		'retry-after': knob('So lange warten', 'Sekunden, um die ein 429 uns bittet.'),
		'rate-limit': knob('Anfragen je Minute', 'Mehr Anfragen bekommen 429.'),
		slow: knob('Langsam', 'Millisekunden vor jeder Antwort.'),
		'device-limit': knob('Höchstzahl Geräte', 'So viele Geräte erlaubt der Vertrag.'),
		'token-life': knob('Leben eines Tokens', 'So viele Sekunden lebt ein unbenutztes Token.'),
		'sign-in-life': knob('Leben einer Anmeldung', 'So viele Sekunden gilt eine Anmeldung.'),
		record: knob('Eintrag erscheint', 'Wann ein reserviertes Gerät zum ersten Mal zu sehen ist.'),
		'old-token': knob('Altes Token', 'Wann das alte Token eines erneuerten Geräts endet.'),
		'unknown-template': knob('Unbekanntes Template', 'Was aus einem Gerät mit unbekanntem Template wird.'),
		clock: knob('Uhr', 'Millisekunden, um die die Uhr der Cloud der dieses Computers voraus ist.'),
		reconfigure: knob('Neu einrichten', 'Mit silent sagt sie nicht, ob das Gerät offline ist.')
	},
	printerKnobs: {
		paper: knob('Papier', 'Etiketten, bis die Rolle leer ist.'),
		online: knob('Eingeschaltet', 'Mit no antwortet er nicht.'),
		head: knob('Klappe', 'Mit open hat jemand die Klappe offen gelassen.'),
		paused: knob('Angehalten', 'Mit yes hat jemand Pause gedrückt.'),
		breaks: knob(
			'Verbindung reißt ab',
			'Mitten in diesem Etikett, von jetzt an gezählt; es kommt trotzdem heraus.'
		)
	}
};
