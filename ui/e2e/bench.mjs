/**
 * What the built app costs in its real window: `cargo xtask bench app` calls it with the shipped program and with the one
 * that feeds itself. Figures are printed as `name value unit`, never asserted.
 *
 * The display is virtual: WebKit paints in software, on the same cores that everything else runs on. `still` and `scrolling`
 * are therefore what a computer without any help from its graphics reaches.
 */
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFile } from './files.mjs';
import { press } from './parts.mjs';
import { KEY, Window, until } from './window.mjs';

const [shipped, fed, only = ''] = process.argv.slice(2);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const say = (name, value, unit) => console.log(`${name.padEnd(52)} ${String(value).padStart(9)} ${unit}`);
const round = (value, digits = 0) => Number(value.toFixed(digits));
const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
/** Clock ticks a second in /proc, the same on every Linux. */
const TICKS = 100;

/** Whether WebKit composes layers, which without a graphics card costs more than it saves. */
const WAYS = { '': '1', ', composited': undefined };

/** A start by a script that writes down when, and as which process. */
class Start {
	#dir = mkdtempSync(join(tmpdir(), 'firstlight-bench-'));
	binary = join(this.#dir, 'start');

	constructor(program) {
		writeFileSync(
			this.binary,
			`#!/bin/sh\necho $$ $(date +%s%3N) > ${this.#dir}/began\nexec ${program} "$@"\n`
		);
		chmodSync(this.binary, 0o755);
	}
	get #began() {
		return readFileSync(join(this.#dir, 'began'), 'utf8').split(' ').map(Number);
	}
	get at() {
		return this.#began[1];
	}
	/** The app and the processes that WebKit runs for it. */
	get processes() {
		const parents = readdirSync('/proc')
			.filter((name) => /^\d+$/.test(name))
			.flatMap((pid) => {
				try {
					const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
					return [[Number(pid), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])]];
				} catch {
					return []; // It has ended meanwhile.
				}
			});
		const family = [this.#began[0]];
		for (const one of family) family.push(...parents.filter(([, of]) => of === one).map(([pid]) => pid));
		return family;
	}
	/** Proportional share of memory, MB. */
	get memory() {
		return this.processes
			.map((pid) => {
				const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
				const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
				return { name, mb: (pss * 1024) / 1e6 };
			})
			.sort((a, b) => b.mb - a.mb);
	}
	/** Processor time of all of them so far, seconds. */
	get cpu() {
		return this.processes
			.map((pid) => {
				const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
				const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
				return (Number(fields[11]) + Number(fields[12])) / TICKS;
			})
			.reduce((sum, one) => sum + one, 0);
	}
	end() {
		rmSync(this.#dir, { recursive: true, force: true });
	}
}

async function open(program, args, compositing, play) {
	const start = new Start(program);
	const window = await Window.open({
		binary: start.binary,
		args,
		env: { WEBKIT_DISABLE_COMPOSITING_MODE: compositing }
	});
	try {
		return await play(window, start);
	} finally {
		await window.close();
		start.end();
	}
}

/** From the start of the process to what a person sees, and what it takes then. */
async function begin(compositing) {
	return open(shipped, ['--practice'], compositing, async (window, start) => {
		const shown = await until('the first screen', () =>
			window.run(
				'const mark = performance.getEntriesByName("first-screen")[0]; return mark && performance.timeOrigin + mark.startTime'
			)
		);
		const paint = await until('the first paint', () =>
			window.run(
				'const paint = performance.getEntriesByName("first-contentful-paint")[0]; return paint && performance.timeOrigin + paint.startTime'
			)
		);
		// What was only needed to begin is let go by then.
		await sleep(3000);
		return { paint: paint - start.at, shown: shown - start.at, memory: start.memory };
	});
}

async function starts(label, compositing) {
	await begin(compositing); // reads everything from the disk once
	const runs = [];
	for (let i = 0; i < 5; i++) runs.push(await begin(compositing));
	say(`first paint, warm${label} (median of 5)`, round(middle(runs.map((run) => run.paint))), 'ms');
	say(`  slowest`, round(Math.max(...runs.map((run) => run.paint))), 'ms');
	say(
		`first screen with its devices${label} (median of 5)`,
		round(middle(runs.map((run) => run.shown))),
		'ms'
	);
	const total = (run) => run.memory.reduce((sum, one) => sum + one.mb, 0);
	say(`memory after start${label}, PSS (median of 5)`, round(middle(runs.map(total))), 'MB');
	for (const { name, mb } of runs.at(-1).memory) say(`  ${name}`, round(mb), 'MB');
}

/** The times between frames while `during` runs in the page for a while. */
async function frames(window, seconds, during) {
	const times = await window.run(
		`const [seconds] = arguments;
		const step = (frame) => { ${during} };
		return new Promise((done) => {
			const times = [];
			const began = performance.now();
			requestAnimationFrame(function next(now) {
				times.push(now);
				step(times.length);
				if (now - began < seconds * 1000) requestAnimationFrame(next);
				else done(times);
			});
		})`,
		seconds
	);
	const gaps = times
		.slice(1)
		.map((time, i) => time - times[i])
		.sort((a, b) => a - b);
	const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))];
	return {
		rate: (gaps.length * 1000) / (times.at(-1) - times[0]),
		p50: at(0.5),
		p95: at(0.95),
		p99: at(0.99),
		max: gaps.at(-1)
	};
}

/** How far the feed is, by the newest unit that the page shows. */
const NEWEST =
	'return Math.max(...[...document.querySelectorAll("[role=grid] strong")].map((name) => Number(name.innerText.split("#")[1] ?? 0)))';

async function table(label, compositing) {
	const rows = 10_000;
	await open(fed, ['--practice', '--feed-units', `${rows}:${rows}`], compositing, async (window, start) => {
		await window.control('2');
		await until(
			'ten thousand rows',
			async () =>
				(await window.run(
					'return document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") ?? ""'
				)) > String(rows)
		);
		const still = 'return';
		const scrolling = 'document.querySelector("[role=grid]").scrollTop = (frame * 23) % 200000';
		for (const [name, during] of Object.entries({ still, scrolling })) {
			const [from, cpu, began] = [await window.run(NEWEST), start.cpu, Date.now()];
			const told = await frames(window, 10, during);
			await window.run('document.querySelector("[role=grid]").scrollTop = 0');
			await until('the top of the table', async () => (await window.run(NEWEST)) > 0);
			const passed = (Date.now() - began) / 1000;
			const shown = ((await window.run(NEWEST)) - from) / passed;
			say(`10,000 rows, 10,000 updates/s, ${name}${label}: frames`, round(told.rate, 1), '/s');
			say(`  updates that were shown or overtaken`, round(shown), '/s');
			for (const share of ['p50', 'p95', 'p99', 'max'])
				say(`  between frames, ${share}`, round(told[share], 1), 'ms');
			say(`  processor time, of one core`, round(((start.cpu - cpu) / passed) * 100), '%');
		}
	});
}

/** The grid of a batch of ten thousand rows, while practice brings its devices to first light. */
async function batch(label, compositing) {
	const rows = 10_000;
	await open(shipped, ['--practice'], compositing, async (window, start) => {
		const folder = mkdtempSync(join(tmpdir(), 'firstlight-bench-'));
		try {
			const file = join(folder, 'many.csv');
			const lines = Array.from({ length: rows }, (_, i) => `Unit-${i + 1},Sensor ${i + 1}`);
			writeFileSync(file, ['unit,name', ...lines].join('\n'));
			await window.control('7');
			await press(window, 'Choose a file…');
			await openFile(window, 'Choose a file with a row', file);
			await window.sees('What the columns mean');
			await press(window, 'Check the file');
			await until('the check', () =>
				window.run('return document.querySelector(\'[data-check="0"]\') !== null')
			);
			await window.press(KEY.enter);
			const passed = () =>
				window.run(
					'return Number((document.querySelector(\'[data-count="passed"] strong\')?.innerText ?? "0").replace(/\\D/g, ""))'
				);
			await until('the line beyond its first unit', async () => (await passed()) > 3);
			const ways = { still: 'return', scrolling: 'grid.scrollTop = (frame * 23) % 200000' };
			for (const [name, during] of Object.entries(ways)) {
				const [from, cpu, began] = [await passed(), start.cpu, Date.now()];
				const told = await frames(
					window,
					10,
					`const grid = document.querySelector("[role=grid]"); ${during}`
				);
				const took = (Date.now() - began) / 1000;
				say(`batch of 10,000 rows, ${name}${label}: frames`, round(told.rate, 1), '/s');
				say(`  units that passed meanwhile`, (await passed()) - from, '');
				for (const share of ['p50', 'p95', 'p99', 'max'])
					say(`  between frames, ${share}`, round(told[share], 1), 'ms');
				say(`  processor time, of one core`, round(((start.cpu - cpu) / took) * 100), '%');
			}
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});
}

/** Processor time of the app while nobody touches it. */
async function idle(label, program, args, compositing) {
	await open(program, args, compositing, async (window, start) => {
		await window.sees('Practice Pump');
		await sleep(5000);
		const [cpu, began] = [start.cpu, Date.now()];
		await sleep(30_000);
		say(label, round(((start.cpu - cpu) / ((Date.now() - began) / 1000)) * 100, 1), '% of one core');
	});
}

for (const [label, compositing] of Object.entries(WAYS)) {
	if (!only || only.includes('start')) await starts(label, compositing);
	if (!only || only.includes('table')) await table(label, compositing);
	if (!only || only.includes('batch')) await batch(label, compositing);
	if (only && !only.includes('idle')) continue;
	await idle(`idle${label}, the practice devices`, shipped, ['--practice'], compositing);
	const crowd = ['--practice', '--feed-devices', '50:50'];
	await idle(`idle${label}, 50 more that change once a second each`, fed, crowd, compositing);
}
process.exit(0);
