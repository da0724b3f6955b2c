/** The doctor's checks, the practice world's troubles and the support bundle, as the screen holds them. */
import {
	asTrouble,
	type BundleView,
	type CloudKnob,
	type DeviceKnob,
	type FindingView,
	type KnobView,
	type PrinterKnob,
	type Trouble,
	type TroublesView
} from '$lib/backend/backend';
import type { Desk } from '$lib/backend/desk.svelte';
import { w } from '$lib/words';

export class Checkup {
	findings = $state<FindingView[]>([]);
	running = $state(false);
	trouble = $state<Trouble | null>(null);
	bundle = $state<BundleView | null>(null);
	bundling = $state(false);
	bundleTrouble = $state<Trouble | null>(null);

	constructor(readonly desk: Desk) {}

	/** The worst of what was found. */
	get worst(): 'ready' | 'attention' | 'problem' {
		const any = (health: FindingView['health']) => this.findings.some((finding) => finding.health === health);
		return any('problem') ? 'problem' : any('attention') ? 'attention' : 'ready';
	}

	/** What was found before stays until the same check is told again, so that nothing jumps. */
	async run() {
		if (this.running) return;
		this.running = true;
		this.trouble = null;
		const seen: string[] = [];
		try {
			await this.desk.backend.checkup((finding) => {
				const at = this.findings.findIndex((known) => known.check === finding.check);
				if (at < 0) this.findings.push(finding);
				else this.findings[at] = finding;
				seen.push(finding.check);
			});
			this.findings = this.findings.filter((finding) => seen.includes(finding.check));
		} catch (error) {
			this.trouble = asTrouble(error);
		} finally {
			this.running = false;
		}
	}

	async write() {
		this.bundling = true;
		this.bundleTrouble = null;
		try {
			// Whoever closes the dialog keeps what was written before.
			this.bundle = (await this.desk.backend.bundle()) ?? this.bundle;
		} catch (error) {
			this.bundleTrouble = asTrouble(error);
		} finally {
			this.bundling = false;
		}
	}
}

export const CLOUD = 'cloud';
export const PRINTER = 'printer';

export class Troubles {
	view = $state<TroublesView | null>(null);
	/** The hardware address of a device, {@link CLOUD} or {@link PRINTER}. */
	whose = $state<string>(CLOUD);
	/** What was refused, at its knob. */
	refused = $state<{ name: string; trouble: Trouble } | null>(null);

	constructor(readonly desk: Desk) {}

	async load() {
		this.view = await this.desk.backend.troubles().catch(() => null);
	}

	get device() {
		return this.view?.devices.find((device) => device.device === this.whose) ?? null;
	}
	get knobs(): KnobView[] {
		const { whose, view } = this;
		return (whose === CLOUD ? view?.cloud : whose === PRINTER ? view?.printer : this.device?.knobs) ?? [];
	}
	/** How many things were made to go wrong. */
	get turned(): number {
		const all = [
			...(this.view?.cloud ?? []),
			...(this.view?.printer ?? []),
			...(this.view?.devices ?? []).flatMap((device) => device.knobs)
		];
		return (
			all.filter(isTurned).length + (this.view?.devices ?? []).filter((device) => !device.plugged).length
		);
	}

	/** Turns a knob; gives whether it was taken. */
	async set(name: string, value: string): Promise<boolean> {
		this.refused = null;
		try {
			const { whose } = this;
			await this.desk.backend.makeTrouble(
				whose === CLOUD || whose === PRINTER ? { kind: whose } : { kind: 'device', device: whose },
				name,
				value
			);
			await this.load();
			return true;
		} catch (error) {
			this.refused = { name, trouble: asTrouble(error) };
			return false;
		}
	}
	async reset() {
		this.refused = null;
		await this.desk.backend.endTroubles().catch(() => {});
		await this.load();
	}
	async plug(plugged: boolean) {
		if (this.device) await this.desk.backend.plug(this.device.device, plugged).catch(() => {});
		await this.load();
	}
	async holdButton() {
		if (this.device) await this.desk.backend.holdButton(this.device.device).catch(() => {});
	}
}

/** It does not stand where it stood in the beginning. */
export const isTurned = (knob: KnobView): boolean => knob.value !== knob.usual;

/** Its name and what it does, in words. */
export const knobWords = (whose: string, knob: KnobView): { name: string; what: string } =>
	whose === CLOUD
		? w.troubles.cloudKnobs[knob.name as CloudKnob]
		: whose === PRINTER
			? w.troubles.printerKnobs[knob.name as PrinterKnob]
			: w.troubles.knobs[knob.name as DeviceKnob];
