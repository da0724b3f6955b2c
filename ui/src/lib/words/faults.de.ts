/** German: every fault and every refusal in a person's words. */
import type { FaultCode, RefusalCode } from '$lib/backend/backend';
import type { FaultWords } from './index';

const words = (what: string, why: string, fix: string): FaultWords => ({ what, why, fix });

export const faultsDe: Record<FaultCode, FaultWords> = {
	'wifi.password_refused': words(
		'Das Netz {ssid} hat das Passwort abgelehnt.',
		'Das Passwort hat einen Tippfehler oder gehört zu einem anderen Netz.',
		'Passwort berichtigen und wiederholen.'
	),
	'wifi.not_found': words(
		'Das Gerät hört das Netz {ssid} nicht.',
		'Der Name hat einen Tippfehler, der Zugangspunkt ist zu weit weg oder sendet nur auf 5 GHz.',
		'Ein Netz aus der Liste des Geräts wählen, 2,4 GHz einschalten oder näher herangehen; dann wiederholen.'
	),
	'wifi.no_address': words(
		'Das Gerät ist im Netz {ssid}, bekam aber keine Adresse.',
		'DHCP im Router ist aus oder voll.',
		'Router neu starten oder den Adressbereich vergrößern, dann wiederholen.'
	),
	'wifi.timeout': words(
		'Das Gerät kam in seiner Zeit nicht ins Netz {ssid}.',
		'Falsches Passwort, schwaches Signal oder ein unpassendes Netz enden gleich.',
		'Zuerst das Passwort prüfen, dann näher herangehen. Der Hotspot eines Telefons ist eine schnelle Gegenprobe.'
	),
	'wifi.no_cable': words(
		'Im Gerät steckt kein Netzwerkkabel.',
		'Seine Buchse meldet keine Verbindung.',
		'Kabel an beiden Enden einstecken, auf das Licht warten, dann wiederholen.'
	),
	'wifi.unsupported': words(
		'Das Gerät kann dem Netz {ssid} nicht beitreten.',
		'Es verlangt einen Benutzernamen (Firmennetz) oder eine Sicherung, die das Gerät nicht kennt.',
		'Ein Netz mit gemeinsamem Passwort wählen (WPA2 oder WPA3 Personal).'
	),
	'wifi.failed': words(
		'Das Gerät kam nicht ins Netz {ssid} und nennt keinen Grund.',
		'Sein Netzteil meldet einen allgemeinen Fehler.',
		'Gerät aus- und einschalten, Netz und Passwort prüfen, dann wiederholen.'
	),
	'sim.missing': words(
		'Das Gerät findet keine SIM-Karte.',
		'Die Karte fehlt oder sitzt nicht richtig.',
		'Karte bei ausgeschaltetem Gerät einlegen, dann wiederholen.'
	),
	'sim.locked': words(
		'Die SIM-Karte ist gesperrt.',
		'Sie verlangt ihre PIN oder nach Fehlversuchen die PUK.',
		'Karte in einem Telefon entsperren und die PIN abschalten, dann wiederholen.'
	),
	'sim.wrong_pin': words(
		'Die SIM-Karte hat die PIN abgelehnt.',
		'Das Gerät hat eine andere PIN als die Karte. Drei Fehlversuche sperren sie.',
		'PIN vor dem nächsten Versuch berichtigen oder in einem Telefon abschalten.'
	),
	'link.lost': words(
		'Das Gerät war mitten im Gespräch weg.',
		'Ein Kabel hat sich gelöst, der Strom fiel aus, oder es ist außer Reichweite.',
		'Kabel und Strom prüfen, Gerät in der Nähe lassen, dann wiederholen.'
	),
	'link.system_failed': words(
		'Der Bluetooth- oder der serielle Dienst dieses Computers hat versagt. Das Gerät kann nichts dafür.',
		'Das System tat nicht, worum es gebeten wurde. Die Einzelheit sagt, was.',
		'Adapter oder Kabel abziehen und wieder einstecken, dann wiederholen. Bleibt es so, unter Hilfe & Zustand nachsehen oder den Computer neu starten.'
	),
	'serial.no_such_port': words(
		'Der Anschluss {port} ist weg.',
		'Das Gerät wurde abgezogen oder hat einen neuen Namen.',
		'Wieder einstecken und aus der Liste wählen.'
	),
	'serial.port_busy': words(
		'Ein anderes Programm benutzt {port}.',
		'Ein serieller Monitor, eine Entwicklungsumgebung oder ModemManager hält ihn.',
		'Das andere Programm schließen, dann wiederholen.'
	),
	'serial.port_denied': words(
		'Das System lässt Sie {port} nicht öffnen.',
		'Ihr Konto ist nicht in der Gruppe für serielle Anschlüsse.',
		'Konto in die Gruppe „dialout“ (bei Arch „uucp“) aufnehmen, neu anmelden, dann wiederholen.'
	),
	'serial.unusable': words(
		'{port} lässt sich nicht als serieller Anschluss benutzen.',
		'Es ist keiner, oder Adapter oder Treiber sind gestört.',
		'Adapter ab- und anstecken oder andere Buchse oder anderes Kabel versuchen.'
	),
	'ble.no_adapter': words(
		'Dieser Rechner hat keinen Bluetooth-Adapter.',
		'Keiner ist angesteckt, oder das System erkennt ihn nicht.',
		'Bluetooth-Adapter anstecken oder das Gerät per Kabel verbinden.'
	),
	'ble.adapter_off': words(
		'Bluetooth ist ausgeschaltet.',
		'Der Adapter ist aus oder gesperrt.',
		'Bluetooth in den Systemeinstellungen einschalten.'
	),
	'ble.unavailable': words(
		'Der Bluetooth-Dienst des Systems antwortet nicht.',
		'Er läuft nicht, oder dieses Programm darf ihn nicht benutzen.',
		'Bluetooth-Dienst starten und diesem Programm die Benutzung erlauben.'
	),
	'ble.not_in_sight': words(
		'Das Gerät ist nicht mehr in Sicht.',
		'Es hat den Einrichtungsmodus verlassen (oft nach 10 Minuten), ist ohne Strom oder außer Reichweite.',
		'Wieder in den Einrichtungsmodus versetzen (Taste etwa 10 s halten) und in der Nähe lassen.'
	),
	'ble.connect_failed': words(
		'Das Gerät ließ keine Verbindung zu.',
		'Eine Telefon-App hält es, das Signal ist schwach, oder Bluetooth braucht einen Neustart.',
		'Telefon-App schließen, näher herangehen; sonst Bluetooth aus- und einschalten.'
	),
	'ble.needs_pairing': words(
		'Das Gerät will erst gekoppelt werden.',
		'Seine Firmware verlangt eine verschlüsselte Verbindung.',
		'In den Bluetooth-Einstellungen des Systems koppeln, dann wiederholen.'
	),
	'device.silent': words(
		'Das Gerät antwortet nicht.',
		'Es startet noch, ist beschäftigt, oder seine Firmware hängt.',
		'Einige Sekunden warten, aus- und einschalten, dann wiederholen.'
	),
	'device.not_found': words(
		'Kein einzurichtendes Gerät in Sicht.',
		'Keins ist angesteckt, und keins meldet sich.',
		'Ein Gerät anstecken oder in den Einrichtungsmodus versetzen.'
	),
	'device.unknown_protocol': words(
		'Das Gerät spricht kein Protokoll, das Firstlight kennt.',
		'Seine Firmware hat keine oder eine andere Konsole, oder der Anschluss gehört zu etwas anderem.',
		'Prüfen, ob es der richtige Anschluss ist und die Firmware eine Einrichtungskonsole hat.'
	),
	'device.refused': words(
		'Das Gerät hat die Bitte abgelehnt.',
		'Seine Firmware erlaubt es im jetzigen Zustand nicht.',
		'In den Einrichtungsmodus versetzen und wiederholen.'
	),
	'device.not_authorized': words(
		'Niemand hat es rechtzeitig am Gerät erlaubt.',
		'Am Gerät muss zuerst die Taste gedrückt werden.',
		'Wiederholen und die Taste drücken, wenn darum gebeten wird.'
	),
	'device.wrong_proof': words(
		'Das Gerät hat den Besitznachweis abgelehnt.',
		'Der Code gehört zu einem anderen Gerät oder hat einen Tippfehler.',
		'Den Code vom Aufkleber dieses Geräts eingeben und wiederholen.'
	),
	'device.malformed': words(
		'Das Gerät sendet Unlesbares.',
		'Die Verbindung ist gestört, oder die Firmware ist unbekannt.',
		'Wiederholen; bleibt es so, die Firmware erneuern.'
	),
	'device.configuration_refused': words(
		'Das Gerät konnte die Einrichtung nicht annehmen oder speichern.',
		'Sein Speicher ist voll oder defekt, oder ein Wert passt nicht.',
		'Einrichtung am Gerät mit der Taste löschen, dann wiederholen.'
	),
	'device.unsupported': words(
		'Dieses Gerät kann das nicht.',
		'Seiner Firmware oder Verbindung fehlt die Funktion.',
		'Die andere Verbindung benutzen (Bluetooth statt Kabel oder umgekehrt) oder neuere Firmware.'
	),
	'device.host_fixed': words(
		'Der Server ist in diesem Gerät fest eingebaut.',
		'Seine Firmware nimmt keinen anderen Namen.',
		'Die Cloud benutzen, für die die Firmware gebaut ist, oder neuere Firmware einspielen.'
	),
	'device.network_missing': words(
		'Das Gerät braucht ein WLAN, und keines wurde angegeben.',
		'Es ist nicht online oder nimmt sein Token nur zusammen mit einem Netz.',
		'Ein Netz wählen und sein Passwort eingeben, dann wiederholen.'
	),
	'device.no_identity': words(
		'Das Gerät ist von dem, welches das Cloud-Gerät {device} bekam, nicht zu unterscheiden und wurde deshalb als neues eingerichtet.',
		'Es nennt weder Hardware-Adresse noch Seriennummer, und an diesem Anschluss kann vorher ein anderes gewesen sein.',
		'Ist es dasselbe Gerät: seinen neuen Eintrag in der Konsole löschen und es mit der Gerätenummer {device} noch einmal einrichten.'
	),
	'device.limits': words(
		'Das Gerät nähme diese Werte nicht.',
		'Seine Firmware hat kürzere Felder als andere.',
		'Netzname, Passwort oder Servername kürzen, dann wiederholen.'
	),
	'device.firmware_old': words(
		'Die Firmware {found} des Geräts ist älter als {least}.',
		'Sie wurde nicht aktualisiert, oder das Gerät stammt aus einem älteren Los.',
		'Die Firmware aktualisieren und es noch einmal versuchen.'
	),
	'device.already_done': words(
		'Dieses Gerät hat schon bestanden{earlier}.',
		'Es liegt in der falschen Kiste.',
		'Zu den fertigen Geräten legen. Soll es noch einmal laufen, schaltet die Leitung „jedes Gerät einmal“ aus.'
	),
	'device.not_in_order': words(
		'Der Arbeitsauftrag {order} nennt dieses Gerät nicht.',
		'Es gehört zu einem anderen Auftrag, oder die Liste ist veraltet.',
		'Das Gerät beiseitelegen, oder die Leitung lädt die richtige Liste.'
	),
	'device.other_label': words(
		'Das Etikett {label} gehört nicht zu diesem Gerät: Es ist {unit}.',
		'Zwei Geräte wurden vertauscht, oder das Etikett klebt am falschen.',
		'Das Etikett des eingesteckten Geräts scannen. Kommt dasselbe wieder, das Gerät beiseitelegen.'
	),
	'device.busy': words(
		'Ein anderer Auftrag hat dieses Gerät.',
		'Ein Gerät verträgt nur einen Auftrag zugleich.',
		'Warten, bis der andere Auftrag zu Ende ist.'
	),
	'template.unknown': words(
		'Die Vorlage {template} des Geräts gibt es in dieser Organisation nicht.',
		'Das Gerät gehört zu einem anderen Produkt oder einer anderen Organisation.',
		'Die richtige Organisation wählen oder die Vorlage dort anlegen.'
	),
	'template.mismatch': words(
		'Das Gerät hat die Vorlage {template}, erwartet war {expected}.',
		'Es ist ein anderes Produkt als das einzurichtende.',
		'Das richtige Gerät nehmen oder die erwartete Vorlage ändern.'
	),
	'cloud.token_refused': words(
		'Die Cloud hat das Token des Geräts abgelehnt.',
		'Das Gerät erreichte einen anderen Server als den, der das Token ausgestellt hat.',
		'Prüfen, ob der Server des Profils der des Geräts ist, dann wiederholen.'
	),
	'cloud.unreachable_from_device': words(
		'Das Gerät ist im Netz, erreicht aber die Cloud nicht.',
		'Anmeldeseite, Firewall, Proxy oder DNS stehen dazwischen.',
		'Ports 443 und 8883 öffnen oder mit dem Hotspot eines Telefons gegenprüfen.'
	),
	'cloud.certificate_from_device': words(
		'Das Gerät traut dem Zertifikat der Cloud nicht.',
		'Seine Uhr oder Firmware ist alt, oder das Netz tauscht Zertifikate aus.',
		'Firmware erneuern oder ein Netz ohne Überwachung versuchen.'
	),
	'cloud.captive_portal': words(
		'Das Netz verlangt zuerst eine Anmeldeseite.',
		'Es ist ein Gästenetz.',
		'Ein Netz ohne Anmeldeseite benutzen.'
	),
	'cloud.dns_from_device': words(
		'Das Gerät findet die Adresse des Servers nicht.',
		'Das DNS des Netzes kennt den Server nicht.',
		'DNS-Einstellungen des Routers prüfen, dann wiederholen.'
	),
	'cloud.sign_in': words(
		'Die Cloud hat die Anmeldung abgelehnt.',
		'Client-Id, Secret oder Token sind falsch, abgelaufen oder gesperrt.',
		'Zugangsdaten unter Profile neu eingeben.'
	),
	'cloud.forbidden': words(
		'Dieses Konto darf das nicht. {permission}',
		'Seiner Rolle fehlt das Recht.',
		'Die Verwaltung der Organisation um das Recht bitten.'
	),
	'cloud.scope_off': words(
		'Die Schnittstelle ist für diesen Client abgeschaltet.',
		'Der Zugriff auf die Platform API wird je Client freigegeben.',
		'Die Blynk-Verwaltung bitten, die Platform API für diesen Client freizugeben.'
	),
	'cloud.device_limit': words(
		'Die Geräteanzahl des Tarifs ist erreicht.',
		'Jeder Tarif hat eine Grenze.',
		'Unbenutzte Geräte entfernen oder den Tarif erweitern.'
	),
	'cloud.rate_limit': words(
		'Die Cloud bittet um Geduld.',
		'Die Organisation hat in einer Minute zu viele Anfragen gestellt.',
		'Eine Minute warten, dann wiederholen.'
	),
	'cloud.answer_lost': words(
		'Die Antwort der Cloud ging verloren; vielleicht hat sie ein Gerät angelegt.',
		'Die Verbindung brach im falschen Augenblick ab.',
		'Erneut prüfen: Was angelegt wurde, wird gefunden und benutzt. Nichts wird doppelt angelegt.'
	),
	'cloud.unavailable': words(
		'Die Cloud ist gestört oder antwortet nicht rechtzeitig.',
		'Sie ist überlastet oder wird gewartet, oder die Verbindung zu ihr ist sehr langsam.',
		'Etwas warten, dann wiederholen.'
	),
	'cloud.unreachable': words(
		'Dieser Rechner erreicht die Cloud {host} nicht.',
		'Kein Internet, falscher Servername oder eine Firewall.',
		'Internetverbindung und Servernamen prüfen.'
	),
	'cloud.tls': words(
		'Keine sichere Verbindung zu {host}.',
		'Das Netz tauscht Zertifikate aus, oder es ist nicht der richtige Server.',
		'Ein anderes Netz versuchen oder den Servernamen prüfen.'
	),
	'cloud.wrong_clock': words(
		'Die Uhr dieses Rechners geht falsch.',
		'Zertifikate und Aufzeichnungen brauchen die richtige Zeit.',
		'Datum und Uhrzeit auf automatisch stellen.'
	),
	'cloud.proxy': words(
		'Der Proxy hat die Verbindung abgelehnt.',
		'Er verlangt eine Anmeldung oder erlaubt diesen Server nicht.',
		'Proxy-Einstellungen des Systems prüfen.'
	),
	'cloud.foreign_redirect': words(
		'Der Server schickt uns zu einem fremden, {host}.',
		'Der Servername ist falsch, oder jemand fängt die Verbindung ab.',
		'Servernamen prüfen. Dorthin wurde nichts gesendet.'
	),
	'cloud.invalid': words(
		'Die Cloud hat die Anfrage nicht angenommen.',
		'Eine Nummer oder ein Name gibt es dort nicht.',
		'Organisation und Besitzer unter Profile prüfen.'
	),
	'cloud.not_found': words(
		'Die Cloud kennt es nicht, oder dieses Konto darf es nicht sehen.',
		'Es wurde gelöscht oder gehört zu einer anderen Organisation.',
		'Organisation prüfen oder das Gerät neu einrichten.'
	),
	'cloud.not_understood': words(
		'Die Antwort der Cloud war nicht lesbar.',
		'Ein Proxy oder eine Anmeldeseite hat geantwortet, oder die Schnittstelle hat sich geändert.',
		'Ein anderes Netz versuchen; sonst Firstlight erneuern.'
	),
	'cloud.not_seen': words(
		'Die Cloud hat das Gerät noch nicht gesehen.',
		'Es startet noch, oder sein Netz erreicht die Cloud nicht.',
		'Eingeschaltet lassen und erneut prüfen; es kann noch bestehen.'
	),
	'cloud.orphans_ambiguous': words(
		'Mehrere Geräte in der Cloud könnten zu diesem gehören.',
		'Sie entstanden zur selben Zeit und waren nie verbunden.',
		'In der Konsole der Cloud entscheiden, welche gelöscht werden, dann erneut prüfen.'
	),
	'cloud.another_device': words(
		'Das Cloud-Gerät gehört zu einem anderen Gerät.',
		'Vorlage oder Kennung weichen ab.',
		'Das richtige Cloud-Gerät wählen.'
	),
	'token.no_carrier': words(
		'Das Gerät hat sein WLAN, nimmt aber kein Token.',
		'Sein Protokoll überträgt nur Netzeinstellungen.',
		'Es über seine eigene Seite in der Cloud anmelden oder im Profil einen Träger für das Token einstellen.'
	),
	'operator.cancelled': words(
		'Von Ihnen abgebrochen.',
		'Jemand hat Abbrechen gedrückt.',
		'Neu beginnen, wenn Sie so weit sind.'
	),
	'computer.journal': words(
		'Die Aufzeichnung konnte nicht geschrieben werden.',
		'Der Datenträger ist voll oder schreibgeschützt.',
		'Platz schaffen und neu beginnen; was aufgezeichnet ist, ist sicher.'
	),
	'computer.interrupted': words(
		'Der Auftrag wurde unterbrochen, bevor er etwas getan hatte.',
		'Programm oder Rechner wurden beendet.',
		'Das Gerät erneut einrichten.'
	),
	'us.bug': words(
		'Firstlight hat einen Fehler gemacht.',
		'Das sollte nicht vorkommen.',
		'Bitte mit dem Text unten melden.'
	)
};

export const refusalsDe: Record<RefusalCode, string> = {
	'refused.usage': 'Das geht nicht. {why}',
	'refused.unknown_port': 'Es gibt keinen Anschluss {port}. Gerät einstecken und aus der Liste wählen.',
	'refused.port_denied':
		'Das System lässt Sie {port} nicht öffnen. Konto in die Gruppe „dialout“ (bei Arch „uucp“) aufnehmen, dann neu anmelden.',
	'refused.unknown_driver': 'Es gibt keinen Treiber {driver}. Im Profil „auto“ wählen.',
	'refused.insecure_server':
		'{server} würde unverschlüsselt erreicht. https benutzen; http ist nur für diesen Rechner selbst.',
	'refused.bad_server': '{server} ist keine Serveradresse. So schreiben: fra1.blynk.cloud.',
	'refused.bad_org': 'Die Nummer der Organisation ist ungültig. Eine ganze Zahl größer als 0 eingeben.',
	'refused.bad_owner': 'Die Nummer des Besitzers ist ungültig. Eine ganze Zahl größer als 0 eingeben.',
	'refused.ssid_length': 'Der Netzname hat {bytes} Bytes; Geräte nehmen 1 bis 31.',
	'refused.password_length': 'Das Passwort muss leer sein oder 8 bis 63 Zeichen haben.',
	'refused.host_length': 'Das Gerät nimmt diesen Servernamen nicht: einen einfachen, kürzeren angeben.',
	'refused.host_fixed': 'Der Server ist im Gerät fest eingebaut; {host} kann ihm nicht genannt werden.',
	'refused.network_missing': 'Geräte dieses Treibers brauchen ein WLAN. Bitte eines wählen.',
	'refused.name_invalid':
		'Der Name darf 1 bis 50 Buchstaben, Ziffern, Leerzeichen, Apostrophe, Unter- und Bindestriche haben.',
	'refused.name_taken': '„{name}“ gibt es schon. Einen anderen Namen wählen oder das Vorhandene ändern.',
	'refused.driver_setting': 'Die Einstellung {setting} ist nicht benutzbar. {why}',
	'refused.device_code':
		'Der QR-Code des Geräts ist nicht brauchbar. {why} Stattdessen den Besitznachweis allein eingeben.',
	'refused.secret_missing': 'Ein Geheimnis fehlt: {secret}. Unter Profile eingeben.',
	'refused.secret_unreadable': 'Die Geheimnisse sind nicht benutzbar. {why}',
	'refused.unknown_profile': 'Es gibt kein Profil {profile}. Unter Profile eins wählen.',
	'refused.unknown_unit': 'Die Aufzeichnung kennt dieses Gerät nicht.',
	'refused.unknown_device': 'Das ist keine Gerätenummer der Cloud.',
	'refused.state_in_use': 'Ein anderes Firstlight benutzt denselben Ordner. Schließen und neu starten.',
	'refused.state_newer': 'Ein neueres Firstlight hat diesen Ordner geschrieben. Dieses hier erneuern.',
	'refused.state_unusable': 'Der Datenordner ist nicht benutzbar. {why}',
	'refused.device_busy': 'Dieses Gerät hat schon einen Auftrag. Warten, bis er zu Ende ist.',
	'refused.nothing_open': 'Es gibt nichts zu klären.',
	'refused.file_unreadable': '{path} ist nicht lesbar oder nicht beschreibbar. {why}',
	'refused.station_slots': 'Eine Station hat 1 bis {most} Plätze.',
	'refused.station_twice': 'Einen Platz gibt es zweimal, nach Name oder Ort. {slot}',
	'refused.station_pattern': 'Ein Muster des Scanners ist nicht brauchbar. {why}',
	'refused.station_not_armed': 'Die Station ist nicht freigegeben. Die Leitung gibt sie frei.',
	'refused.station_busy': 'An der Station ist ein Gerät in Arbeit. Warten, bis es fertig ist.',
	'refused.station_unknown': 'Hier ist keine Station eingerichtet.',
	'refused.pin_short': 'Eine PIN hat mindestens {least} Zeichen.',
	'refused.pin_wrong':
		'Das ist nicht die PIN der Leitung. Nach mehreren falschen bleibt die Station eine halbe Minute gesperrt.',
	'refused.label_template': 'Das Etikett lässt sich nicht drucken. {why}',
	'refused.batch_problems': 'Die Datei hat {problems} Fehler. Zuerst beheben.',
	'refused.unknown_batch': 'Diese Charge läuft nicht, oder das Journal kennt sie nicht.'
};
