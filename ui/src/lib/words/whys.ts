/**
 * Why something was refused, where the refusal's code alone does not say it; each has its fix where there is one. `said` is
 * what the system or a library said, in its own language, and stands in quotation marks.
 */
import type { Why } from '$lib/backend/backend';

export const whysEn: Record<Why, string> = {
	said: 'The system says: “{said}”.',
	'file.empty': 'It is empty.',
	'file.too_large': 'It is larger than {most} MB.',
	'file.too_many_rows': 'It has more than {most} rows; split it.',
	'file.too_many_columns': 'It has more than {most} columns.',
	'file.cell_too_long':
		'Line {line} has a cell of more than {most} bytes; a quotation mark may be missing before it.',
	'file.no_table': 'It is no table: “{said}”. Save it as CSV or XLSX.',
	'file.no_rows': 'It has a heading and no rows.',
	'file.several': 'A batch is one file, and several were dropped. Drop one CSV or XLSX file.',
	'file.closed': 'It is not open any more. Choose it again.',
	'file.no_export': 'It is no export that this version knows.',
	'column.unknown': 'The file has no column “{column}”. Its columns are: {known}.',
	'column.meaning': '“{meaning}” is not what a column can mean. Choose a meaning from the list.',
	'state.journal_unusable':
		'The journal in {path} cannot be read or written: “{said}”. Make the folder writable for you, or free some space.',
	'state.journal_damaged': 'Record {record} of the journal was altered or damaged. Restore it from a backup.',
	'state.journal_closed': 'The journal is closed already. Start the app again.',
	'state.profiles_unusable': 'The profiles in {path} cannot be read or written: “{said}”.',
	'state.stations_unusable': 'The stations in {path} cannot be read or written: “{said}”.',
	'state.no_data_folder': 'The system names no data folder. Name one in FIRSTLIGHT_STATE and start again.',
	'state.pin_unusable': 'The PIN cannot be kept: “{said}”.',
	'pattern.not_regular': 'It is no regular expression: “{said}”. Correct it, or leave it empty.',
	'pattern.names_nothing': 'It names no group (?<mac>…), (?<serial>…) or (?<name>…).',
	'label.size': '{width} × {height} mm is no size of a label.',
	'label.lines': 'A label has at most {most} lines.',
	'label.no_code': 'It has no code to scan.',
	'label.field': 'There is no field {field}. There are: {known}.',
	'label.resolution': '{dpi} is no resolution of a label printer; there are 203, 300 and 600.',
	'label.bracket': 'A bracket is not closed in “{text}”.',
	'label.printer_address': '“{address}” is no address with a port. Write it like 192.0.2.7:9100.',
	'host.not_plain': 'It is not a plain host name.',
	'setting.carrier': 'Use url, third-string or vendor:ID.',
	'setting.carrier_command': 'The vendor command is a number from 0x08 to 0xFE.',
	'setting.token_endpoint':
		'An endpoint’s name has up to 64 visible characters without spaces, for example custom-data.',
	'setting.token_template': 'It does not say where the token goes. Write {token} there.',
	'setting.token_template_digits': 'Behind hex: come pairs of digits.',
	'setting.token_template_braces': 'Behind hex: only {token} and {host} stand in braces.',
	'setting.token_success': 'Use any, exact:TEXT or json:MEMBER=VALUE.',
	'setting.nul': 'The firmware ends texts at a NUL character.',
	'setting.token_shape': 'The token does not have the 32 characters that the firmware expects.',
	'code.none': 'Its text is no provisioning code.',
	'code.version': 'It is of a version that is not known here; update Firstlight.',
	'code.no_name': 'It names no device.',
	'code.thread': 'The device joins a Thread network, not Wi-Fi.',
	'code.own_network': 'The device is to be reached over a Wi-Fi of its own, which Firstlight does not do.',
	'secrets.keychain_refused': 'The keychain refused: “{said}”. Unlock it and try again.',
	'secrets.keychain_silent': 'The keychain does not answer; it may be waiting to be unlocked.',
	'secrets.closed': 'They are in a file that its passphrase opens.',
	'secrets.of_nobody': 'One of them is missing. Give them again under Profiles.',
	'secrets.passphrase_wrong': 'This passphrase does not open {path}.',
	'secrets.passphrase_short': 'A passphrase has at least {least} characters.',
	'secrets.newer': 'A newer Firstlight wrote {path}. Update this one.',
	'secrets.file': '{path} cannot be read or written: “{said}”.',
	'secrets.client_id':
		'The client id is empty or has characters that no client id has. Copy it again from the console.',
	'secrets.client_secret':
		'The client secret is empty or has blanks or other characters that no secret has. Copy it again from the console.',
	'secrets.bearer':
		'The bearer token is empty or has blanks or other characters that no token has. Copy it again.',
	'secrets.client_setup': 'This computer cannot set up a connection: “{said}”.',
	'asked.server': 'No server is named. Choose a profile, or add one under Profiles.',
	'asked.organization': 'No organization is named. Choose one in the profile.',
	'asked.owner': 'No owner is named. Choose one in the profile.',
	'asked.device': 'No device of the cloud is named.',
	'asked.target': 'It is not said which device to provision. Choose one.',
	'asked.patience': 'The patience is a whole number of seconds from 1 to 3600.',
	'asked.metadata': '“{value}” is no metadata field.',
	'practice.keeps_nothing': 'Practice keeps nothing on this computer.',
	'practice.no_pages': 'The practice cloud has no pages. Connect a real cloud.',
	'practice.not_here': 'Nothing is simulated here. Go to practice first.',
	'practice.fault_shape': '“{value}” is no value for this.',
	'practice.fault_unknown': 'Nothing that can go wrong is named “{name}”.',
	'practice.fault_value': '“{value}” is no value for this. It takes {known}.',
	'cloud.not_met': 'No cloud has been met yet. Sign in to the cloud first.'
};

export const whysDe: Record<Why, string> = {
	said: 'Das System sagt: „{said}“.',
	'file.empty': 'Sie ist leer.',
	'file.too_large': 'Sie ist größer als {most} MB.',
	'file.too_many_rows': 'Sie hat mehr als {most} Zeilen; bitte teilen.',
	'file.too_many_columns': 'Sie hat mehr als {most} Spalten.',
	'file.cell_too_long':
		'Zeile {line} hat eine Zelle von mehr als {most} Bytes; davor fehlt vielleicht ein Anführungszeichen.',
	'file.no_table': 'Sie ist keine Tabelle: „{said}“. Als CSV oder XLSX speichern.',
	'file.no_rows': 'Sie hat eine Kopfzeile und keine Zeilen.',
	'file.several':
		'Eine Charge ist eine Datei, und mehrere wurden abgelegt. Eine CSV- oder XLSX-Datei ablegen.',
	'file.closed': 'Sie ist nicht mehr geöffnet. Noch einmal wählen.',
	'file.no_export': 'Sie ist kein Export, den diese Version kennt.',
	'column.unknown': 'Die Datei hat keine Spalte „{column}“. Ihre Spalten: {known}.',
	'column.meaning': '„{meaning}“ kann keine Spalte bedeuten. Eine Bedeutung aus der Liste wählen.',
	'state.journal_unusable':
		'Das Journal in {path} ist nicht lesbar oder nicht beschreibbar: „{said}“. Den Ordner für Sie beschreibbar machen oder Platz schaffen.',
	'state.journal_damaged':
		'Eintrag {record} des Journals wurde verändert oder beschädigt. Aus einer Sicherung wiederherstellen.',
	'state.journal_closed': 'Das Journal ist schon geschlossen. Die App neu starten.',
	'state.profiles_unusable': 'Die Profile in {path} sind nicht lesbar oder nicht beschreibbar: „{said}“.',
	'state.stations_unusable': 'Die Stationen in {path} sind nicht lesbar oder nicht beschreibbar: „{said}“.',
	'state.no_data_folder':
		'Das System nennt keinen Datenordner. In FIRSTLIGHT_STATE einen nennen und neu starten.',
	'state.pin_unusable': 'Die PIN lässt sich nicht aufbewahren: „{said}“.',
	'pattern.not_regular': 'Es ist kein regulärer Ausdruck: „{said}“. Berichtigen oder leer lassen.',
	'pattern.names_nothing': 'Es nennt keine Gruppe (?<mac>…), (?<serial>…) oder (?<name>…).',
	'label.size': '{width} × {height} mm ist keine Größe eines Etiketts.',
	'label.lines': 'Ein Etikett hat höchstens {most} Zeilen.',
	'label.no_code': 'Es hat keinen Code zum Scannen.',
	'label.field': 'Ein Feld {field} gibt es nicht. Es gibt: {known}.',
	'label.resolution': '{dpi} ist keine Auflösung eines Etikettendruckers; es gibt 203, 300 und 600.',
	'label.bracket': 'Eine Klammer in „{text}“ ist nicht geschlossen.',
	'label.printer_address': '„{address}“ ist keine Adresse mit Port. So schreiben: 192.0.2.7:9100.',
	'host.not_plain': 'Es ist kein einfacher Rechnername.',
	'setting.carrier': 'Möglich sind url, third-string und vendor:ID.',
	'setting.carrier_command': 'Der Befehl des Herstellers ist eine Zahl von 0x08 bis 0xFE.',
	'setting.token_endpoint':
		'Der Name eines Endpunkts hat bis zu 64 sichtbare Zeichen ohne Leerzeichen, zum Beispiel custom-data.',
	'setting.token_template': 'Sie sagt nicht, wohin das Token kommt. Dort {token} schreiben.',
	'setting.token_template_digits': 'Hinter hex: stehen Ziffernpaare.',
	'setting.token_template_braces': 'Hinter hex: stehen in Klammern nur {token} und {host}.',
	'setting.token_success': 'Möglich sind any, exact:TEXT und json:MEMBER=VALUE.',
	'setting.nul': 'Die Firmware beendet Texte bei einem NUL-Zeichen.',
	'setting.token_shape': 'Das Token hat nicht die 32 Zeichen, die die Firmware erwartet.',
	'code.none': 'Sein Text ist kein Code zum Einrichten.',
	'code.version': 'Er hat eine Version, die hier nicht bekannt ist; Firstlight erneuern.',
	'code.no_name': 'Er nennt kein Gerät.',
	'code.thread': 'Das Gerät tritt einem Thread-Netz bei, keinem WLAN.',
	'code.own_network': 'Das Gerät wäre über sein eigenes WLAN zu erreichen; das tut Firstlight nicht.',
	'secrets.keychain_refused': 'Der Schlüsselbund lehnt ab: „{said}“. Entsperren und erneut versuchen.',
	'secrets.keychain_silent':
		'Der Schlüsselbund antwortet nicht; vielleicht wartet er darauf, entsperrt zu werden.',
	'secrets.closed': 'Sie liegen in einer Datei, die ihre Passphrase öffnet.',
	'secrets.of_nobody': 'Eines fehlt. Unter Profile noch einmal eingeben.',
	'secrets.passphrase_wrong': 'Diese Passphrase öffnet {path} nicht.',
	'secrets.passphrase_short': 'Eine Passphrase hat mindestens {least} Zeichen.',
	'secrets.newer': 'Ein neueres Firstlight hat {path} geschrieben. Dieses hier erneuern.',
	'secrets.file': '{path} ist nicht lesbar oder nicht beschreibbar: „{said}“.',
	'secrets.client_id':
		'Die Client-ID ist leer oder hat Zeichen, die keine Client-ID hat. Noch einmal aus der Konsole kopieren.',
	'secrets.client_secret':
		'Das Client-Secret ist leer oder hat Leerzeichen oder andere Zeichen, die keines hat. Noch einmal aus der Konsole kopieren.',
	'secrets.bearer':
		'Das Bearer-Token ist leer oder hat Leerzeichen oder andere Zeichen, die keines hat. Noch einmal kopieren.',
	'secrets.client_setup': 'Dieser Rechner kann keine Verbindung vorbereiten: „{said}“.',
	'asked.server': 'Kein Server ist genannt. Ein Profil wählen oder unter Profile anlegen.',
	'asked.organization': 'Keine Organisation ist genannt. Im Profil eine wählen.',
	'asked.owner': 'Kein Besitzer ist genannt. Im Profil einen wählen.',
	'asked.device': 'Kein Gerät der Cloud ist genannt.',
	'asked.target': 'Es ist nicht gesagt, welches Gerät eingerichtet werden soll. Eines wählen.',
	'asked.patience': 'Die Geduld ist eine ganze Zahl von Sekunden von 1 bis 3600.',
	'asked.metadata': '„{value}“ ist kein Metadatenfeld.',
	'practice.keeps_nothing': 'Die Übung bewahrt nichts auf diesem Rechner auf.',
	'practice.no_pages': 'Die Übungscloud hat keine Seiten. Eine echte Cloud verbinden.',
	'practice.not_here': 'Hier wird nichts simuliert. Zuerst in die Übung gehen.',
	'practice.fault_shape': '„{value}“ ist dafür kein Wert.',
	'practice.fault_unknown': 'Nichts, was schiefgehen kann, heißt „{name}“.',
	'practice.fault_value': '„{value}“ ist dafür kein Wert. Möglich: {known}.',
	'cloud.not_met': 'Noch keine Cloud wurde erreicht. Zuerst anmelden.'
};

/** What a person calls what the programs name by a variable. */
export const secretsEn: Record<string, string> = {
	FIRSTLIGHT_CLIENT_ID: 'client id',
	FIRSTLIGHT_CLIENT_SECRET: 'client secret',
	FIRSTLIGHT_BEARER: 'bearer token',
	FIRSTLIGHT_WIFI_PASSWORD: 'Wi-Fi password',
	FIRSTLIGHT_DEVICE_SECRET: 'proof of possession',
	FIRSTLIGHT_PASSPHRASE: 'passphrase'
};
export const secretsDe: typeof secretsEn = {
	FIRSTLIGHT_CLIENT_ID: 'Client-ID',
	FIRSTLIGHT_CLIENT_SECRET: 'Client-Secret',
	FIRSTLIGHT_BEARER: 'Bearer-Token',
	FIRSTLIGHT_WIFI_PASSWORD: 'WLAN-Passwort',
	FIRSTLIGHT_DEVICE_SECRET: 'Besitznachweis',
	FIRSTLIGHT_PASSPHRASE: 'Passphrase'
};
