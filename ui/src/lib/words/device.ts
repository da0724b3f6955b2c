/** What a device needs from a person, and what somebody who listens learns. Both languages; a missing key fails the type check. */
export const deviceEn = {
	secret: 'Proof of possession',
	secretHint:
		'It stands on the device or its papers. A handheld scanner can type the QR code in here, and its text can be pasted; Firstlight uses no camera.',
	secretCode: 'The text of a QR code. Name, user and proof of possession are taken from it.',
	secretWrong: 'The device refused this proof of possession. Compare it with the device’s label.',
	secretWanted: 'This device wants its proof of possession before it says anything.',
	secretGo: 'Ask the device',
	prompt: 'Press the button on the device',
	promptHint:
		'It takes nothing before somebody allows it. Its manual says which button; it waits for two minutes.',
	meter: 'Security of this connection',
	exposure: {
		sealed: {
			word: 'Sealed',
			says: 'Encrypted, and the device has proved who it is. Whoever listens learns neither password nor token.'
		},
		unproven: {
			word: 'Not proved',
			says: 'Encrypted, but the device proves nothing. Somebody who got in between would learn password and token.'
		},
		cable: {
			word: 'By cable',
			says: 'Not encrypted. Password and token are as safe as this cable and this computer are.'
		},
		air: {
			word: 'Open',
			says: 'Not encrypted. Whoever is near and records the air now learns password and token.'
		}
	},
	exposureAdvice: 'Provision it in a place that you can trust, or use a network of its own for devices.'
};

type Deep<T> = { [K in keyof T]: T[K] extends string ? string : Deep<T[K]> };

export const deviceDe: Deep<typeof deviceEn> = {
	secret: 'Besitznachweis',
	secretHint:
		'Er steht auf dem Gerät oder in seinen Papieren. Ein Handscanner kann den QR-Code hier eintippen, sein Text lässt sich einfügen; Firstlight benutzt keine Kamera.',
	secretCode: 'Das ist der Text eines QR-Codes. Name, Benutzer und Besitznachweis stammen daraus.',
	secretWrong: 'Das Gerät hat diesen Besitznachweis abgelehnt. Mit dem Aufdruck auf dem Gerät vergleichen.',
	secretWanted: 'Dieses Gerät verlangt seinen Besitznachweis, bevor es etwas sagt.',
	secretGo: 'Gerät fragen',
	prompt: 'Die Taste am Gerät drücken',
	promptHint:
		'Es nimmt nichts an, bevor jemand es erlaubt. Welche Taste, sagt seine Anleitung; es wartet zwei Minuten.',
	meter: 'Sicherheit dieser Verbindung',
	exposure: {
		sealed: {
			word: 'Versiegelt',
			says: 'Verschlüsselt, und das Gerät hat sich ausgewiesen. Wer mithört, erfährt weder Passwort noch Token.'
		},
		unproven: {
			word: 'Nicht ausgewiesen',
			says: 'Verschlüsselt, aber das Gerät weist sich nicht aus. Wer dazwischen sitzt, erführe Passwort und Token.'
		},
		cable: {
			word: 'Über Kabel',
			says: 'Nicht verschlüsselt. Passwort und Token sind so sicher wie dieses Kabel und dieser Computer.'
		},
		air: {
			word: 'Offen',
			says: 'Nicht verschlüsselt. Wer in der Nähe ist und jetzt mitschneidet, erfährt Passwort und Token.'
		}
	},
	exposureAdvice: 'An einem Ort einrichten, dem Sie trauen, oder ein eigenes Netz nur für Geräte benutzen.'
};
