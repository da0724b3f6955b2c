/**
 * A grammar of sounds: what happened is heard without looking, and no two are alike in number, height and direction.
 * Made from oscillators, so that nothing is loaded. Not here: when a sound is due; Rust says so.
 */
import type { CueKind } from '$lib/backend/backend';

/** Height in hertz, beginning and length in seconds. */
export interface Note {
	hertz: number;
	at: number;
	lasts: number;
	shape: OscillatorType;
}
const note = (hertz: number, at: number, lasts: number, shape: OscillatorType = 'sine'): Note => ({
	hertz,
	at,
	lasts,
	shape
});

export const SOUNDS: Record<CueKind, Note[]> = {
	// Good: rising, bright. Bad: low, rough, long. Look here: three of one height.
	passed: [note(659, 0, 0.12), note(988, 0.13, 0.22)],
	failed: [note(165, 0, 0.35, 'sawtooth'), note(123, 0.4, 0.5, 'sawtooth')],
	attention: [
		note(523, 0, 0.1, 'triangle'),
		note(523, 0.18, 0.1, 'triangle'),
		note(523, 0.36, 0.1, 'triangle')
	],
	held: [note(587, 0, 0.15, 'triangle'), note(392, 0.17, 0.25, 'triangle')],
	scan_taken: [note(1319, 0, 0.06)],
	scan_wrong: [note(220, 0, 0.12, 'square'), note(220, 0.18, 0.12, 'square')],
	ready: [note(784, 0, 0.08)]
};

const MUTED = 'station.muted';
export const isMuted = (): boolean => localStorage.getItem(MUTED) === 'yes';
export const mute = (muted: boolean) => localStorage.setItem(MUTED, muted ? 'yes' : 'no');

let speaker: AudioContext | null = null;

/** Plays a sound; a computer that cannot is silent, and everything is on the screen as well. */
export function play(kind: CueKind) {
	if (isMuted() || typeof AudioContext === 'undefined') return;
	try {
		speaker ??= new AudioContext();
		void speaker.resume();
		for (const { hertz, at, lasts, shape } of SOUNDS[kind]) {
			const from = speaker.currentTime + at;
			const [tone, volume] = [speaker.createOscillator(), speaker.createGain()];
			tone.type = shape;
			tone.frequency.value = hertz;
			// A soft beginning and end: no clicks.
			volume.gain.setValueAtTime(0, from);
			volume.gain.linearRampToValueAtTime(0.25, from + 0.01);
			volume.gain.setValueAtTime(0.25, from + lasts - 0.02);
			volume.gain.linearRampToValueAtTime(0, from + lasts);
			tone.connect(volume).connect(speaker.destination);
			tone.start(from);
			tone.stop(from + lasts);
		}
	} catch {
		speaker = null;
	}
}
