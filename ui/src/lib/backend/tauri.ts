/** The backend that talks to Rust through Tauri. Nothing else in the UI knows Tauri. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { Backend, DeskUpdate } from './backend';

export const tauri: Backend = {
	snapshot: () => invoke('snapshot'),
	async watch(on) {
		const channel = new Channel<DeskUpdate[]>();
		let open = true;
		channel.onmessage = (updates) => {
			if (open) on(updates);
		};
		await invoke('watch', { channel });
		return () => {
			open = false;
		};
	},
	look: (key, deviceSecret) => invoke('look', { key, deviceSecret }),
	start: (request) => invoke('start', { request }),
	cancel: (job) => invoke('cancel', { job }),
	checkAgain: (job) => invoke('check_again', { job }),
	history: (unit) => invoke('history', { unit }),
	reconfigure: (unit) => invoke('reconfigure', { unit }),
	rename: (unit, name) => invoke('rename', { unit, name }),
	saveProfile: (profile, secrets) => invoke('save_profile', { profile, secrets })
};

export const insideTauri = (): boolean => '__TAURI_INTERNALS__' in window;
