/** The backend that talks to Rust through Tauri. Nothing else in the UI knows Tauri. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { BatchCalls } from './batch';
import type { StationCalls } from './station';
import type {
	Backend,
	BatchDropView,
	BatchUpdate,
	DeskUpdate,
	FindingView,
	ShellNews,
	StationView
} from './backend';

const station: StationCalls = {
	view: () => invoke('station'),
	async watch(on) {
		const channel = new Channel<StationView | null>();
		let open = true;
		channel.onmessage = (view) => {
			if (open) on(view);
		};
		await invoke('station_watch', { channel });
		return () => {
			open = false;
		};
	},
	save: (plan, pin, newPin) => invoke('station_save', { plan, pin, newPin }),
	arm: (request) => invoke('station_arm', { request }),
	disarm: (pin) => invoke('station_disarm', { pin }),
	learn: (slot, pin) => invoke('station_learn', { slot, pin }),
	keys: (keys) => invoke('station_keys', { keys }),
	line: (text) => invoke('station_line', { text }),
	command: (command, slot) => invoke('station_command', { command, slot }),
	signOn: (field, value) => invoke('station_sign_on', { field, value }),
	tryLabel: (label, pin) => invoke('station_try_label', { label, pin }),
	codes: (language, title, symbol, people, words) =>
		invoke('station_codes', { language, title, symbol, people, words }),
	insights: (request) => invoke('insights', { request })
};

/** Listens to a command that tells by a channel; returns a way to stop. */
async function listen<T>(command: string, on: (news: T) => void): Promise<() => void> {
	const channel = new Channel<T>();
	let open = true;
	channel.onmessage = (news) => {
		if (open) on(news);
	};
	await invoke(command, { channel });
	return () => {
		open = false;
	};
}

const batches: BatchCalls = {
	choose: (title) => invoke('choose_batch_file', { title }),
	drops: (on) => listen<BatchDropView>('watch_drops', on),
	sample: () => invoke('open_batch_sample'),
	saveSample: () => invoke('save_batch_sample'),
	close: (file) => invoke('close_batch_file', { file }),
	map: (file, columns) => invoke('map_batch', { file, columns }),
	networks: () => invoke('batch_networks'),
	check: (file, start) => invoke('check_batch', { file, start }),
	saveProblems: (file, start, name) => invoke('save_batch_problems', { file, start, name }),
	start: (file, start) => invoke('start_batch', { file, start }),
	list: () => invoke('batches'),
	watch: (on) => listen<BatchUpdate>('watch_batches', on),
	rows: (batch, from, most) => invoke('batch_rows', { batch, from, most }),
	row: (batch, row) => invoke('batch_row', { batch, row }),
	pause: (batch) => invoke('pause_batch', { batch }),
	goOn: (batch, fix) => invoke('continue_batch', { batch, fix }),
	retry: (batch, rows) => invoke('retry_batch', { batch, rows }),
	leave: (batch) => invoke('stop_batch', { batch }),
	resumePlan: (batch) => invoke('batch_resume_plan', { batch }),
	resume: (batch, password, retryFailed) => invoke('resume_batch', { batch, password, retryFailed }),
	saveReport: (batch, kind) => invoke('save_batch_report', { batch, kind })
};

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
	station,
	batches,
	look: (key, deviceSecret) => invoke('look', { key, deviceSecret }),
	start: (request) => invoke('start', { request }),
	cancel: (job) => invoke('cancel', { job }),
	letGo: (job) => invoke('let_go', { job }),
	checkAgain: (job) => invoke('check_again', { job }),
	history: (unit) => invoke('history', { unit }),
	reconfigure: (unit) => invoke('reconfigure', { unit }),
	shellWords: (words) => invoke('shell_words', { words }),
	async shellNews(on) {
		const channel = new Channel<ShellNews>();
		let open = true;
		channel.onmessage = (news) => {
			if (open) on(news);
		};
		await invoke('shell_news', { channel });
		return () => {
			open = false;
		};
	},
	closeWindow: () => invoke('close_window'),
	answerClose: (answer) => invoke('answer_close', { answer }),
	fields: (unit) => invoke('fields', { unit }),
	describe: (request) => invoke('describe', { request }),
	page: (unit) => invoke('page', { unit }),
	openPage: (unit) => invoke('open_page', { unit }),
	ghosts: () => invoke('ghosts'),
	sweep: (chosen) => invoke('sweep', { chosen }),
	report: (format) => invoke('report', { format }),
	practise: () => invoke('practise'),
	leavePractice: () => invoke('leave_practice'),
	meetCloud: (request) => invoke('meet_cloud', { request }),
	leaveCloud: () => invoke('leave_cloud'),
	findOrganizations: (query) => invoke('find_organizations', { query }),
	findPeople: (query) => invoke('find_people', { query }),
	testProfile: (name) => invoke('test_profile', { name }),
	saveProfile: (draft) => invoke('save_profile', { draft }),
	giveSecrets: (name, auth, id, secret) => invoke('give_secrets', { name, auth, id, secret }),
	removeProfile: (name) => invoke('remove_profile', { name }),
	useProfile: (name) => invoke('use_profile', { name }),
	chooseVault: (request) => invoke('choose_vault', { request }),
	checkup(on) {
		const channel = new Channel<FindingView>();
		channel.onmessage = on;
		return invoke('checkup', { channel });
	},
	bundle: () => invoke('bundle'),
	troubles: () => invoke('troubles'),
	makeTrouble: (whose, name, value) => invoke('make_trouble', { whose, name, value }),
	endTroubles: () => invoke('end_troubles'),
	plug: (device, plugged) => invoke('plug', { device, plugged }),
	holdButton: (device) => invoke('hold_button', { device })
};

export const insideTauri = (): boolean => '__TAURI_INTERNALS__' in window;
