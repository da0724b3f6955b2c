/** The screen of batches, in both languages: files, what is wrong with them, and why a line stands still. */
import type {
	BatchCanaryView,
	BatchFieldView,
	BatchPhaseView,
	BatchVerdictView,
	ProblemCode
} from '$lib/backend/backend';
import type { Deep } from './deep';

interface ProblemWords {
	what: string;
	fix: string;
}
const told = (what: string, fix: string): ProblemWords => ({ what, fix });

const problemsEn: Record<ProblemCode, ProblemWords> = {
	'batch.no_rows': told('The file has a heading and no rows.', 'Add one row for each device.'),
	'batch.column_twice': told(
		'Two columns mean the same: {other} and this one.',
		'Give one of them another meaning above.'
	),
	'batch.surplus_cells': told(
		'The row has more cells than the heading has columns.',
		'Put quotation marks around a text that holds the delimiter, or give the column a heading.'
	),
	'batch.unit_twice': told('The unit {unit} is in row {earlier} already.', 'Remove one of the two rows.'),
	'batch.secret_unbound': told(
		'The row has a proof of possession of its own and names no unit, so nothing says which device knows it.',
		'Fill in the unit (hardware address, advertised name or label), or give all rows the same proof.'
	),
	'batch.mac_bad': told(
		'“{unit}” is not a hardware address.',
		'Write six pairs of hexadecimal digits, as in 24:6F:28:11:22:33.'
	),
	'batch.unit_done': told(
		'The unit {unit} has passed before, as cloud device {device}.',
		'Leave the row out. To provision the unit again, open it under Devices.'
	),
	'batch.name_invalid': told(
		'The cloud does not take “{name}” as a name.',
		'At most 50 letters, digits, spaces, hyphens, underscores and apostrophes.'
	),
	'batch.owner_bad': told(
		'“{value}” is not the number of a user.',
		'Give the user’s number as the console shows it.'
	),
	'batch.owner_missing': told(
		'It is not said who will own the device.',
		'Fill the owner’s column, or give an owner for all rows below.'
	),
	'batch.owner_unknown': told(
		'The cloud shows no user {owner} to this account.',
		'Compare the number with the list of users in the console.'
	),
	'batch.org_bad': told(
		'“{value}” is not the number of an organization.',
		'Give the organization’s number as the console shows it.'
	),
	'batch.org_missing': told(
		'It is not said in which organization the device is made.',
		'Fill the organization’s column, or give one for all rows below.'
	),
	'batch.org_unknown': told(
		'The cloud shows no organization {org} to this account.',
		'Compare the number with the console, or sign in with an account that reaches it.'
	),
	'batch.ssid_length': told(
		'The network’s name “{ssid}” has {bytes} bytes; devices take 1 to {most}.',
		'Use a network with a shorter name; letters with accents count twice.'
	),
	'batch.password_length': told(
		'The password of “{ssid}” has {chars} characters; devices take {least} to {most}.',
		'Give the network’s own password; for an open network an empty one.'
	),
	'batch.password_missing': told(
		'The password of the network “{ssid}” is not known.',
		'Choose the network below and type its password, or keep it in the profile.'
	),
	'batch.wifi_unknown': told(
		'The profile has no network “{ssid}”, and no password is given for it.',
		'Write the name of one of the profile’s networks, or add this one to the profile.'
	),
	'batch.template_unknown': told(
		'The organization {org} has no template {template}.',
		'Write the template’s text id (TMPL…) as the console shows it, or make the template there.'
	),
	'batch.meta_name': told(
		'The column is for a metadata field, and it is not said for which.',
		'Type the field’s name, as the template has it, under the column’s meaning.'
	),
	'batch.permission_missing': told(
		'The account lacks the permission {permission}.',
		'Ask an administrator of the organization to add it to your role.'
	),
	'batch.cloud_silent': told(
		'The cloud could not be asked about the rows. {cause}',
		'Check the connection and the sign-in under Help & health, then check the file again.'
	)
};
const phasesEn: Record<BatchPhaseView, string> = {
	running: 'running',
	paused: 'paused',
	stopped: 'the line stands still',
	ended: 'done',
	interrupted: 'not finished'
};
const canaryEn: Record<BatchCanaryView, { title: string; hint: string }> = {
	off: { title: 'No unit goes first', hint: 'All units begin at once.' },
	alone: {
		title: 'One unit goes first, alone',
		hint: 'It shows that sign-in, owner, network and template fit together. Until it has passed no other unit is touched, and if it fails at most one token is spent.'
	},
	passed: {
		title: 'The first unit has passed',
		hint: 'Sign-in, owner, network and template fit together: all others may go.'
	},
	failed: { title: 'The first unit did not pass', hint: 'All others are untouched.' }
};
const verdictsEn: Record<BatchVerdictView, string> = {
	passed: 'the cloud has seen it meanwhile: passed',
	adopted: 'its cloud device was found and kept; it gets a fresh token',
	nothing_made: 'the cloud had made nothing: it begins anew',
	not_delivered: 'nothing had reached it: it begins anew, with the same cloud device',
	still_unknown: 'it may have everything: the cloud is asked for a while before it is run again',
	ambiguous: 'several cloud devices may be its own: look at it under Devices'
};
/** What is to be changed before the line goes on: the field’s label, and what to do where nothing can be typed here. */
const fieldsEn: Record<BatchFieldView, { label: string; todo: string }> = {
	wifi_password: {
		label: 'Wi-Fi password',
		todo: 'Type the right password. All units that met this are run again.'
	},
	wifi: { label: 'Wi-Fi network', todo: 'Name the network that the devices are to join.' },
	sign_in: { label: 'Sign-in', todo: 'Give the sign-in again under Profiles, then go on.' },
	owner: { label: 'Owner (number of a user)', todo: 'Give the owner that the cloud knows.' },
	org: { label: 'Organization (number)', todo: 'Give an organization that this account reaches.' },
	token_host: {
		label: 'Server name for the devices',
		todo: 'Give the server name that the devices can reach.'
	},
	template: { label: 'Template', todo: 'Give the template that these devices have; empty for any.' },
	device_secret: { label: 'Proof of possession', todo: 'Give the proof that these devices have.' },
	slot: { label: 'Slot', todo: 'Check its cable, its port or adapter, or leave it empty; then go on.' },
	outside: { label: 'Outside', todo: 'Mend it, then go on. Nothing has to be typed here.' }
};

export const batchEn = {
	title: 'Batch',
	what: 'A batch is a file with a row for each device: who will own it, what it is called, which network it joins. Firstlight checks the whole file first, lets one unit go alone, and then provisions all of them side by side, by cable and by radio.',
	drop: 'Drop a CSV or XLSX file here',
	dropHint: 'or choose one. Nothing is touched before you say so.',
	dropNow: 'Let go to open {name}',
	choose: 'Choose a file…',
	chooseTitle: 'Choose a file with a row for each device',
	sampleSave: 'Save a sample file…',
	samplePlay: 'Play the sample',
	samplePlayHint: 'Twelve simulated devices; nothing real is touched.',
	steps: 'How it goes',
	stepMap: 'Say what each column means. That is remembered for files of the same heading.',
	stepCheck: 'A dry run finds everything that is wrong with the file, at once.',
	stepCanary: 'One unit goes alone; only when it has passed may the others go.',
	stepRun: 'Pause, mend and go on at any time; what is cut off is taken up again.',
	unfinished: 'Not finished',
	earlier: 'Earlier batches',
	none: 'No batch was run here yet.',
	take: 'Go on',
	look: 'Look at it',
	ofRows: '{done} of {rows} done',
	begunAt: 'begun {at}',
	savedTo: 'Written to {path}.',
	notSaved: 'No file was chosen; nothing was written.',
	notDone: 'That was not done',
	cancelFile: 'Put the file away',
	back: 'All batches',
	// ---- a file
	rows: '{n} rows',
	rowOne: '1 row',
	readCsv: 'CSV, delimiter “{delimiter}”, {encoding}',
	readXlsx: 'Spreadsheet, sheet “{sheet}”',
	tab: 'tab',
	columns: 'What the columns mean',
	columnsHint: 'Each column was taken for what its heading says. Change what is wrong.',
	columnsRemembered: 'Taken over from the last file with this heading.',
	meaningOf: 'Meaning of “{heading}”',
	noHeading: 'column {n}',
	field: 'Metadata field',
	fieldOf: 'Metadata field for “{heading}”',
	meanings: {
		unit: 'Unit: address, name or label',
		name: 'Name in the cloud',
		owner_id: 'Owner',
		org_id: 'Organization',
		wifi: 'Wi-Fi network',
		template: 'Template',
		device_secret: 'Proof of possession (secret)',
		meta: 'Metadata of the device',
		echo: 'Kept for the report',
		dropped: 'Left out'
	},
	nextDevice: 'No column names the unit: each row takes the next device that is found.',
	defaults: 'Where a row says nothing',
	defaultsHint: 'The profile “{profile}” gives what is left empty here.',
	noProfile: 'No cloud is chosen yet. Set one up under Profiles.',
	network: 'Wi-Fi network',
	networkKept: 'Its password is at hand.',
	networkOther: 'Another network…',
	networkNone: 'Keep the connection the devices have',
	networkName: 'Network name (SSID)',
	password: 'Wi-Fi password',
	passwordHint:
		'Empty for an open network. It leaves this page when the batch begins, and is kept in memory only.',
	org: 'Organization',
	owner: 'Owner',
	template: 'Template',
	asProfile: 'as the profile says',
	more: 'More: proof, carrier, people, how many at once',
	deviceSecret: 'Proof of possession',
	deviceSecretHint: 'For rows that bring none of their own.',
	carrier: 'How Improv devices take the token',
	carrierHint: 'url, vendor:ID or third-string',
	operator: 'Operator',
	workOrder: 'Work order',
	parallel: 'Most units at once',
	parallelHint: 'Empty: as many as the links allow.',
	parallelBad: 'A whole number, at least 1.',
	canaryAuto: 'as the number of rows suggests',
	canaryField: 'One unit goes first, alone',
	canaryOn: 'yes',
	canaryOff: 'no',
	check: 'Check the file',
	checking: 'Reading every row, and asking journal and cloud. Nothing is touched.',
	checkAgain: 'Check again',
	stale: 'Something was changed since the check.',
	fine: 'Nothing is wrong: {n} rows.',
	fineHint: 'The cloud knows every owner, organization and template that the file names.',
	found: '{n} problems in {rows} rows',
	foundOne: '1 problem',
	foundHint:
		'All that is wrong, at once. Mend the rows in your file and open it again, or save them as a file of their own.',
	ofFile: 'About the whole file',
	place: 'Row {row}',
	placeLine: 'row {row}, line {line}',
	inColumn: 'column “{column}”',
	andMore: 'and {n} more rows',
	saveProblems: 'Save the rows with problems…',
	saveProblemsHint:
		'Each row with what is wrong with it in a column of its own. Mend it, drop it here: the column is left out.',
	problemsName: '{name}-problems',
	begin: 'Begin with {n} rows',
	beginOne: 'Begin with 1 row',
	beginSound: 'Begin with the {n} rows that are fine',
	beginSoundOne: 'Begin with the row that is fine',
	beginSoundHint: 'The others stay out of this batch; run them as a second file when they are mended.',
	limits:
		'By cable all ports at once, at most {serial}. By Bluetooth {first} links at first, up to {most} while all goes well, fewer when connecting fails.',
	problems: problemsEn,
	// ---- on its way
	phases: phasesEn,
	canary: canaryEn,
	canaryUnit: 'It is {unit}.',
	canaryWaits: 'It waits for the first device to come into reach.',
	states: { waiting: 'Waiting', running: 'Running', skipped: 'Set aside' },
	all: 'All',
	filters: 'Show',
	search: 'Search',
	searchHint: 'Unit, name or row',
	count: '{n} of {all} rows',
	progress: 'How far it is',
	doneOf: '{done} of {rows}',
	rate: '{n} a minute',
	left: 'about {time} left',
	leftSoon: 'less than a minute left',
	noRate: 'The pace shows when two units are done.',
	media: 'Now {serial} by cable and {ble} by radio',
	pause: 'Pause',
	pauseHint: 'No new unit begins; those that run come to their end.',
	goOn: 'Go on',
	paused: 'Paused: no new unit begins.',
	pausedBusy: 'Pausing: {n} units come to their end first.',
	letGo: 'Leave it for later',
	letGoHint: 'What runs is ended in an orderly way; the batch can be taken up again at any time.',
	letGoTitle: 'Leave this batch for later?',
	letGoYes: 'Yes, leave it',
	letGoNo: 'Stay',
	retryFailed: 'Retry failed only ({n})',
	retryFailedHint: 'Only the rows that failed are run again. What has passed is not touched.',
	retryRow: 'Run this row again',
	grid: 'Rows of the batch',
	noRows: 'No row is like that.',
	column: {
		row: 'Row',
		unit: 'Unit',
		name: 'Name',
		state: 'Result',
		network: 'Network',
		device: 'Cloud device',
		attempts: 'Attempts',
		cause: 'Cause'
	},
	nextUnit: 'next device',
	strangers: 'In reach, but in no row',
	strangersHint: 'They are left alone.',
	waitsForDevices:
		'Waiting for devices: none that a row wants is in reach. Bring them near, plug them in, or hold their button.',
	settled: 'What had been cut off',
	settledRow: 'Row {row}: {verdict}',
	// ---- the line stands still
	stopTitle: 'The line stands still',
	stopCanary: 'The first unit went alone and met this, so every unit would.',
	stopCanarySlot: 'The first unit went alone and met this; all others wait.',
	stopNetwork: '{n} units met this one after another: the network “{ssid}” is the problem, not the devices.',
	stopNetworkOne: 'The network “{ssid}” is the problem, not the devices.',
	stopSlot: '{n} units met this at one place: {slot} is the problem, not the devices and not the network.',
	stopSlotOne: '{slot} is the problem, not the devices and not the network.',
	stopFirmware: '{n} units with firmware {firmware} met this; others did not.',
	stopBatch: '{n} units met this one after another: every unit would.',
	stopBatchOne: 'Every unit would meet this.',
	stopSafe: 'No further token is spent while it stands. What has passed stays passed.',
	fields: fieldsEn,
	fieldEmpty: 'Type it first.',
	mended: 'It is mended: go on with all',
	fixAndGo: 'Go on with all',
	toProfiles: 'Open Profiles',
	// ---- taken up again
	resumeTitle: 'This batch is not finished',
	resumeHint: 'It goes on where the journal ends. Nothing is begun twice.',
	resumeWaiting: 'Not begun yet: {n}. They are run.',
	resumeCutOff:
		'Cut off in the middle: {n}. The cloud and the device are asked first, and nothing is repeated that may have happened.',
	resumeAgain: 'Met the cause of the stop: {n}. They are run again.',
	resumeUnknown: 'Not known yet: {n}. The cloud is asked once more.',
	resumeFailed: 'Failed: {n}. They stay as they are.',
	resumeFailedAgain: 'Failed: {n}. They are run again.',
	resumeAlso: 'Also run the rows again that failed',
	resumePassword: 'Password of {ssids}',
	resumeFile: 'The devices’ own secrets are read from {path} again.',
	resumeFileGone:
		'The file {path} is not there any more, and it holds the devices’ own secrets. Put it back, then go on.',
	resumeNothing: 'Nothing is left to be done.',
	resume: 'Go on where it ended',
	// ---- its end
	endAll: 'All {n} passed',
	endOne: 'It passed',
	endMixed: '{passed} passed, {failed} failed, {unknown} not known yet',
	endSkipped: '{n} set aside',
	endUnknown: 'What is not known yet is watched in the background and turns to passed by itself.',
	report: 'Report',
	reportHint: 'Every row with its result, its cause and your own columns. Secrets are in none of them.',
	reports: { html: 'Page that prints (HTML)', csv: 'Table (CSV)', jsonl: 'For programs (JSON Lines)' },
	another: 'Another batch',
	// ---- one row
	rowTitle: 'Row {row}',
	close: 'Close',
	wanted: 'The file asks for',
	got: 'It got',
	kept: 'Your own columns',
	meta: 'Metadata',
	nothingYet: 'Nothing has happened yet: it waits for its device.',
	attempts: '{n} attempts',
	time: {
		minutes: '{m} min',
		hours: '{h} h {m} min'
	},
	verdicts: verdictsEn,
	closing:
		'A batch is running: {done} of {rows} rows are done. Whatever you choose, it can be taken up again where it ends.'
};

const problemsDe: Record<ProblemCode, ProblemWords> = {
	'batch.no_rows': told(
		'Die Datei hat eine Kopfzeile und keine Zeilen.',
		'Fügen Sie für jedes Gerät eine Zeile hinzu.'
	),
	'batch.column_twice': told(
		'Zwei Spalten bedeuten dasselbe: {other} und diese.',
		'Geben Sie einer von beiden oben eine andere Bedeutung.'
	),
	'batch.surplus_cells': told(
		'Die Zeile hat mehr Felder als die Kopfzeile Spalten.',
		'Setzen Sie Text mit dem Trennzeichen in Anführungszeichen oder benennen Sie die Spalte.'
	),
	'batch.unit_twice': told(
		'Das Gerät {unit} steht schon in Zeile {earlier}.',
		'Entfernen Sie eine der beiden Zeilen.'
	),
	'batch.secret_unbound': told(
		'Die Zeile hat einen eigenen Besitznachweis und nennt kein Gerät; nichts sagt, welches Gerät ihn kennt.',
		'Tragen Sie das Gerät ein (Hardware-Adresse, gemeldeter Name oder Etikett), oder geben Sie allen Zeilen denselben Nachweis.'
	),
	'batch.mac_bad': told(
		'„{unit}“ ist keine Hardware-Adresse.',
		'Schreiben Sie sechs Paare von Hexadezimalziffern, etwa 24:6F:28:11:22:33.'
	),
	'batch.unit_done': told(
		'Das Gerät {unit} hat schon bestanden, als Cloud-Gerät {device}.',
		'Lassen Sie die Zeile weg. Zum erneuten Einrichten öffnen Sie es unter Geräte.'
	),
	'batch.name_invalid': told(
		'Die Cloud nimmt „{name}“ nicht als Namen.',
		'Höchstens 50 Buchstaben, Ziffern, Leerzeichen, Binde- und Unterstriche und Apostrophe.'
	),
	'batch.owner_bad': told(
		'„{value}“ ist nicht die Nummer einer Person.',
		'Nehmen Sie die Nummer, wie die Konsole sie zeigt.'
	),
	'batch.owner_missing': told(
		'Es ist nicht gesagt, wem das Gerät gehören wird.',
		'Füllen Sie die Spalte des Besitzers oder geben Sie unten einen für alle Zeilen an.'
	),
	'batch.owner_unknown': told(
		'Die Cloud zeigt diesem Konto keine Person {owner}.',
		'Vergleichen Sie die Nummer mit der Liste in der Konsole.'
	),
	'batch.org_bad': told(
		'„{value}“ ist nicht die Nummer einer Organisation.',
		'Nehmen Sie die Nummer, wie die Konsole sie zeigt.'
	),
	'batch.org_missing': told(
		'Es ist nicht gesagt, in welcher Organisation das Gerät entsteht.',
		'Füllen Sie die Spalte der Organisation oder geben Sie unten eine für alle Zeilen an.'
	),
	'batch.org_unknown': told(
		'Die Cloud zeigt diesem Konto keine Organisation {org}.',
		'Vergleichen Sie die Nummer mit der Konsole oder melden Sie sich mit einem Konto an, das sie erreicht.'
	),
	'batch.ssid_length': told(
		'Der Name des Netzes „{ssid}“ hat {bytes} Bytes; Geräte nehmen 1 bis {most}.',
		'Nehmen Sie ein Netz mit kürzerem Namen; Umlaute zählen doppelt.'
	),
	'batch.password_length': told(
		'Das Passwort von „{ssid}“ hat {chars} Zeichen; Geräte nehmen {least} bis {most}.',
		'Geben Sie das Passwort des Netzes an; für ein offenes Netz ein leeres.'
	),
	'batch.password_missing': told(
		'Das Passwort des Netzes „{ssid}“ ist nicht bekannt.',
		'Wählen Sie unten das Netz und geben Sie sein Passwort ein, oder legen Sie es im Profil ab.'
	),
	'batch.wifi_unknown': told(
		'Das Profil hat kein Netz „{ssid}“, und ein Passwort dafür ist nicht angegeben.',
		'Schreiben Sie den Namen eines Netzes aus dem Profil oder nehmen Sie dieses dort auf.'
	),
	'batch.template_unknown': told(
		'Die Organisation {org} hat keine Vorlage {template}.',
		'Nehmen Sie die Kennung der Vorlage (TMPL…) aus der Konsole, oder legen Sie die Vorlage dort an.'
	),
	'batch.meta_name': told(
		'Die Spalte ist für ein Metadatenfeld, und es ist nicht gesagt, für welches.',
		'Geben Sie unter der Bedeutung den Namen des Feldes an, wie die Vorlage ihn hat.'
	),
	'batch.permission_missing': told(
		'Dem Konto fehlt die Berechtigung {permission}.',
		'Bitten Sie jemanden, der die Organisation verwaltet, sie Ihrer Rolle zu geben.'
	),
	'batch.cloud_silent': told(
		'Die Cloud ließ sich nicht nach den Zeilen fragen. {cause}',
		'Sehen Sie unter Hilfe & Zustand nach Verbindung und Anmeldung und prüfen Sie die Datei erneut.'
	)
};
const phasesDe: Record<BatchPhaseView, string> = {
	running: 'läuft',
	paused: 'pausiert',
	stopped: 'die Linie steht',
	ended: 'fertig',
	interrupted: 'nicht fertig'
};
const canaryDe: Record<BatchCanaryView, { title: string; hint: string }> = {
	off: { title: 'Kein Gerät geht voraus', hint: 'Alle Geräte beginnen zugleich.' },
	alone: {
		title: 'Ein Gerät geht allein voraus',
		hint: 'Es zeigt, dass Anmeldung, Besitzer, Netz und Vorlage zusammenpassen. Bis es bestanden hat, wird kein anderes berührt, und scheitert es, kostet das höchstens ein Token.'
	},
	passed: {
		title: 'Das erste Gerät hat bestanden',
		hint: 'Anmeldung, Besitzer, Netz und Vorlage passen zusammen: Alle anderen dürfen los.'
	},
	failed: { title: 'Das erste Gerät hat nicht bestanden', hint: 'Alle anderen sind unberührt.' }
};
const verdictsDe: Record<BatchVerdictView, string> = {
	passed: 'die Cloud hat es inzwischen gesehen: bestanden',
	adopted: 'sein Cloud-Gerät wurde gefunden und bleibt; es bekommt ein neues Token',
	nothing_made: 'in der Cloud war nichts entstanden: es beginnt neu',
	not_delivered: 'es hatte noch nichts bekommen: es beginnt neu, mit demselben Cloud-Gerät',
	still_unknown: 'es hat vielleicht schon alles: Erst wird die Cloud eine Weile gefragt',
	ambiguous: 'mehrere Cloud-Geräte können seines sein: sehen Sie unter Geräte nach'
};
const fieldsDe: Record<BatchFieldView, { label: string; todo: string }> = {
	wifi_password: {
		label: 'WLAN-Passwort',
		todo: 'Geben Sie das richtige Passwort ein. Alle Geräte, denen das geschah, kommen noch einmal dran.'
	},
	wifi: { label: 'WLAN', todo: 'Nennen Sie das Netz, in das die Geräte sollen.' },
	sign_in: { label: 'Anmeldung', todo: 'Geben Sie die Anmeldung unter Profile neu an, dann weiter.' },
	owner: { label: 'Besitzer (Nummer der Person)', todo: 'Nennen Sie eine Person, die die Cloud kennt.' },
	org: { label: 'Organisation (Nummer)', todo: 'Nennen Sie eine Organisation, die dieses Konto erreicht.' },
	token_host: {
		label: 'Servername für die Geräte',
		todo: 'Nennen Sie den Server, den die Geräte erreichen.'
	},
	template: { label: 'Vorlage', todo: 'Nennen Sie die Vorlage dieser Geräte; leer für jede.' },
	device_secret: { label: 'Besitznachweis', todo: 'Geben Sie den Nachweis an, den diese Geräte haben.' },
	slot: {
		label: 'Platz',
		todo: 'Prüfen Sie Kabel und Anschluss oder Adapter, oder lassen Sie den Platz leer; dann weiter.'
	},
	outside: { label: 'Außerhalb', todo: 'Beheben Sie es, dann weiter. Hier ist nichts einzugeben.' }
};

export const batchDe: Deep<typeof batchEn> = {
	title: 'Charge',
	what: 'Eine Charge ist eine Datei mit einer Zeile für jedes Gerät: wem es gehören wird, wie es heißt, in welches Netz es soll. Firstlight prüft zuerst die ganze Datei, lässt ein Gerät allein vorausgehen und richtet dann alle nebeneinander ein, per Kabel und per Funk.',
	drop: 'Ziehen Sie eine CSV- oder XLSX-Datei hierher',
	dropHint: 'oder wählen Sie eine. Nichts wird berührt, bevor Sie es sagen.',
	dropNow: 'Loslassen öffnet {name}',
	choose: 'Datei wählen…',
	chooseTitle: 'Eine Datei mit einer Zeile für jedes Gerät wählen',
	sampleSave: 'Beispieldatei speichern…',
	samplePlay: 'Beispiel spielen',
	samplePlayHint: 'Zwölf simulierte Geräte; nichts Echtes wird berührt.',
	steps: 'So geht es',
	stepMap: 'Sagen Sie, was jede Spalte bedeutet. Für Dateien mit derselben Kopfzeile wird es gemerkt.',
	stepCheck: 'Ein Probelauf findet alles, was an der Datei nicht stimmt, auf einmal.',
	stepCanary: 'Ein Gerät geht allein voraus; erst wenn es bestanden hat, dürfen die anderen.',
	stepRun: 'Pausieren, beheben und weitermachen geht immer; was abreißt, wird wieder aufgenommen.',
	unfinished: 'Nicht fertig',
	earlier: 'Frühere Chargen',
	none: 'Hier lief noch keine Charge.',
	take: 'Weitermachen',
	look: 'Ansehen',
	ofRows: '{done} von {rows} fertig',
	begunAt: 'begonnen {at}',
	savedTo: 'Geschrieben nach {path}.',
	notSaved: 'Es wurde keine Datei gewählt und nichts geschrieben.',
	notDone: 'Das wurde nicht getan',
	cancelFile: 'Datei weglegen',
	back: 'Alle Chargen',
	rows: '{n} Zeilen',
	rowOne: '1 Zeile',
	readCsv: 'CSV, Trennzeichen „{delimiter}“, {encoding}',
	readXlsx: 'Tabellenblatt „{sheet}“',
	tab: 'Tabulator',
	columns: 'Was die Spalten bedeuten',
	columnsHint: 'Jede Spalte wurde genommen, wie sie heißt. Ändern Sie, was nicht stimmt.',
	columnsRemembered: 'Von der letzten Datei mit dieser Kopfzeile übernommen.',
	meaningOf: 'Bedeutung von „{heading}“',
	noHeading: 'Spalte {n}',
	field: 'Metadatenfeld',
	fieldOf: 'Metadatenfeld für „{heading}“',
	meanings: {
		unit: 'Gerät: Adresse, Name oder Etikett',
		name: 'Name in der Cloud',
		owner_id: 'Besitzer',
		org_id: 'Organisation',
		wifi: 'WLAN',
		template: 'Vorlage',
		device_secret: 'Besitznachweis (geheim)',
		meta: 'Metadaten des Geräts',
		echo: 'Für den Bericht behalten',
		dropped: 'Weggelassen'
	},
	nextDevice: 'Keine Spalte nennt das Gerät: Jede Zeile nimmt das nächste, das sich findet.',
	defaults: 'Wo eine Zeile nichts sagt',
	defaultsHint: 'Was hier leer bleibt, gibt das Profil „{profile}“.',
	noProfile: 'Es ist noch keine Cloud gewählt. Richten Sie unter Profile eine ein.',
	network: 'WLAN',
	networkKept: 'Sein Passwort ist da.',
	networkOther: 'Ein anderes Netz…',
	networkNone: 'Die Verbindung behalten, die die Geräte haben',
	networkName: 'Name des Netzes (SSID)',
	password: 'WLAN-Passwort',
	passwordHint:
		'Leer für ein offenes Netz. Es verlässt diese Seite, wenn die Charge beginnt, und bleibt nur im Speicher.',
	org: 'Organisation',
	owner: 'Besitzer',
	template: 'Vorlage',
	asProfile: 'wie im Profil',
	more: 'Mehr: Nachweis, Weg des Tokens, Personen, wie viele zugleich',
	deviceSecret: 'Besitznachweis',
	deviceSecretHint: 'Für Zeilen, die keinen eigenen mitbringen.',
	carrier: 'Wie Improv-Geräte das Token nehmen',
	carrierHint: 'url, vendor:ID oder third-string',
	operator: 'Bedienung',
	workOrder: 'Arbeitsauftrag',
	parallel: 'Höchstens zugleich',
	parallelHint: 'Leer: so viele, wie die Verbindungen zulassen.',
	parallelBad: 'Eine ganze Zahl, mindestens 1.',
	canaryAuto: 'wie es die Zahl der Zeilen nahelegt',
	canaryField: 'Ein Gerät geht allein voraus',
	canaryOn: 'ja',
	canaryOff: 'nein',
	check: 'Datei prüfen',
	checking: 'Jede Zeile wird gelesen, Journal und Cloud werden gefragt. Nichts wird berührt.',
	checkAgain: 'Erneut prüfen',
	stale: 'Seit der Prüfung wurde etwas geändert.',
	fine: 'Alles stimmt: {n} Zeilen.',
	fineHint: 'Die Cloud kennt alle Besitzer, Organisationen und Vorlagen, die in der Datei stehen.',
	found: '{n} Fehler in {rows} Zeilen',
	foundOne: '1 Fehler',
	foundHint:
		'Alles, was nicht stimmt, auf einmal. Beheben Sie es in Ihrer Datei und öffnen Sie sie neu, oder speichern Sie die Zeilen als eigene Datei.',
	ofFile: 'Zur ganzen Datei',
	place: 'Zeile {row}',
	placeLine: 'Zeile {row}, in der Datei {line}',
	inColumn: 'Spalte „{column}“',
	andMore: 'und {n} weitere Zeilen',
	saveProblems: 'Zeilen mit Fehlern speichern…',
	saveProblemsHint:
		'Jede Zeile mit dem, was an ihr nicht stimmt, in einer eigenen Spalte. Beheben und hierher ziehen: Die Spalte wird weggelassen.',
	problemsName: '{name}-fehler',
	begin: 'Mit {n} Zeilen beginnen',
	beginOne: 'Mit 1 Zeile beginnen',
	beginSound: 'Mit den {n} Zeilen beginnen, die stimmen',
	beginSoundOne: 'Mit der Zeile beginnen, die stimmt',
	beginSoundHint:
		'Die anderen bleiben aus dieser Charge heraus; nehmen Sie sie als zweite Datei, wenn sie behoben sind.',
	limits:
		'Per Kabel alle Anschlüsse zugleich, höchstens {serial}. Per Bluetooth zuerst {first} Verbindungen, bis zu {most}, solange alles gut geht, und weniger, wenn das Verbinden misslingt.',
	problems: problemsDe,
	phases: phasesDe,
	canary: canaryDe,
	canaryUnit: 'Es ist {unit}.',
	canaryWaits: 'Es wartet, bis das erste Gerät in Reichweite kommt.',
	states: { waiting: 'Wartet', running: 'Läuft', skipped: 'Beiseitegelegt' },
	all: 'Alle',
	filters: 'Zeigen',
	search: 'Suchen',
	searchHint: 'Gerät, Name oder Zeile',
	count: '{n} von {all} Zeilen',
	progress: 'Wie weit sie ist',
	doneOf: '{done} von {rows}',
	rate: '{n} in der Minute',
	left: 'noch etwa {time}',
	leftSoon: 'noch weniger als eine Minute',
	noRate: 'Das Tempo zeigt sich, wenn zwei Geräte fertig sind.',
	media: 'Gerade {serial} per Kabel und {ble} per Funk',
	pause: 'Pause',
	pauseHint: 'Kein neues Gerät beginnt; die laufenden werden fertig.',
	goOn: 'Weiter',
	paused: 'Pause: Kein neues Gerät beginnt.',
	pausedBusy: 'Gleich Pause: {n} Geräte werden noch fertig.',
	letGo: 'Für später liegen lassen',
	letGoHint: 'Was läuft, wird ordentlich beendet; die Charge lässt sich jederzeit wieder aufnehmen.',
	letGoTitle: 'Diese Charge für später liegen lassen?',
	letGoYes: 'Ja, liegen lassen',
	letGoNo: 'Bleiben',
	retryFailed: 'Nur Fehlgeschlagene wiederholen ({n})',
	retryFailedHint: 'Nur die Zeilen, die fehlschlugen, kommen noch einmal dran. Was bestanden hat, bleibt.',
	retryRow: 'Diese Zeile noch einmal',
	grid: 'Zeilen der Charge',
	noRows: 'Keine Zeile ist so.',
	column: {
		row: 'Zeile',
		unit: 'Gerät',
		name: 'Name',
		state: 'Ergebnis',
		network: 'Netz',
		device: 'Cloud-Gerät',
		attempts: 'Versuche',
		cause: 'Ursache'
	},
	nextUnit: 'nächstes Gerät',
	strangers: 'In Reichweite, aber in keiner Zeile',
	strangersHint: 'Sie bleiben unberührt.',
	waitsForDevices:
		'Es wird auf Geräte gewartet: Keines, das eine Zeile will, ist in Reichweite. Bringen Sie sie her, stecken Sie sie ein oder halten Sie ihre Taste.',
	settled: 'Was abgerissen war',
	settledRow: 'Zeile {row}: {verdict}',
	stopTitle: 'Die Linie steht',
	stopCanary: 'Das erste Gerät ging allein voraus, und ihm geschah das; also geschähe es jedem.',
	stopCanarySlot: 'Das erste Gerät ging allein voraus, und ihm geschah das; alle anderen warten.',
	stopNetwork: '{n} Geräten geschah das nacheinander: Das Netz „{ssid}“ ist das Problem, nicht die Geräte.',
	stopNetworkOne: 'Das Netz „{ssid}“ ist das Problem, nicht die Geräte.',
	stopSlot:
		'{n} Geräten geschah das an einem Platz: {slot} ist das Problem, nicht die Geräte und nicht das Netz.',
	stopSlotOne: '{slot} ist das Problem, nicht die Geräte und nicht das Netz.',
	stopFirmware: '{n} Geräten mit Firmware {firmware} geschah das; anderen nicht.',
	stopBatch: '{n} Geräten geschah das nacheinander: Es geschähe jedem.',
	stopBatchOne: 'Das geschähe jedem Gerät.',
	stopSafe: 'Solange sie steht, wird kein weiteres Token verbraucht. Was bestanden hat, bleibt bestanden.',
	fields: fieldsDe,
	fieldEmpty: 'Erst eingeben.',
	mended: 'Behoben: weiter mit allen',
	fixAndGo: 'Weiter mit allen',
	toProfiles: 'Profile öffnen',
	resumeTitle: 'Diese Charge ist nicht fertig',
	resumeHint: 'Es geht weiter, wo das Journal endet. Nichts beginnt doppelt.',
	resumeWaiting: 'Noch nicht begonnen: {n}. Sie kommen dran.',
	resumeCutOff:
		'Mittendrin abgerissen: {n}. Erst werden Cloud und Gerät gefragt, und nichts wird wiederholt, was geschehen sein kann.',
	resumeAgain: 'Von der Ursache des Stillstands betroffen: {n}. Sie kommen noch einmal dran.',
	resumeUnknown: 'Noch ungewiss: {n}. Die Cloud wird noch einmal gefragt.',
	resumeFailed: 'Fehlgeschlagen: {n}. Sie bleiben, wie sie sind.',
	resumeFailedAgain: 'Fehlgeschlagen: {n}. Sie kommen noch einmal dran.',
	resumeAlso: 'Auch die Fehlgeschlagenen noch einmal',
	resumePassword: 'Passwort von {ssids}',
	resumeFile: 'Die Geheimnisse der Geräte werden wieder aus {path} gelesen.',
	resumeFileGone:
		'Die Datei {path} ist nicht mehr da, und in ihr stehen die Geheimnisse der Geräte. Legen Sie sie zurück, dann weiter.',
	resumeNothing: 'Es ist nichts mehr zu tun.',
	resume: 'Weiter, wo sie endete',
	endAll: 'Alle {n} bestanden',
	endOne: 'Es hat bestanden',
	endMixed: '{passed} bestanden, {failed} fehlgeschlagen, {unknown} noch ungewiss',
	endSkipped: '{n} beiseitegelegt',
	endUnknown: 'Was noch ungewiss ist, wird im Hintergrund beobachtet und wird von selbst zu bestanden.',
	report: 'Bericht',
	reportHint: 'Jede Zeile mit Ergebnis, Ursache und Ihren eigenen Spalten. Geheimnisse stehen in keinem.',
	reports: { html: 'Seite zum Drucken (HTML)', csv: 'Tabelle (CSV)', jsonl: 'Für Programme (JSON Lines)' },
	another: 'Eine andere Charge',
	rowTitle: 'Zeile {row}',
	close: 'Schließen',
	wanted: 'Die Datei verlangt',
	got: 'Bekommen hat sie',
	kept: 'Ihre eigenen Spalten',
	meta: 'Metadaten',
	nothingYet: 'Noch ist nichts geschehen: Sie wartet auf ihr Gerät.',
	attempts: '{n} Versuche',
	time: {
		minutes: '{m} min',
		hours: '{h} h {m} min'
	},
	verdicts: verdictsDe,
	closing:
		'Eine Charge läuft: {done} von {rows} Zeilen sind fertig. Was Sie auch wählen, sie lässt sich wieder aufnehmen, wo sie endet.'
};
