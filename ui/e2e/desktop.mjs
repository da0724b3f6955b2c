/**
 * What a desktop offers an app, played by python3-dbusmock: a place for notices, and the one who decides about sleep. Both
 * write down what they are asked.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './window.mjs';

export class Desktop {
	#log;
	#ends = [];

	/** For `Window.open({ before })`. */
	start = async (env) => {
		this.#log = (name) => join(env.HOME, `${name}.log`);
		await Promise.all([
			this.#play(env, 'notification_daemon', 'org.freedesktop.Notifications'),
			this.#play(env, 'logind', 'org.freedesktop.login1')
		]);
	};

	async #play(env, template, name) {
		const mock = spawn(
			'/usr/bin/python3',
			['-m', 'dbusmock', '--session', '--template', template, '--logfile', this.#log(template)],
			{ env, stdio: ['ignore', 'ignore', 'inherit'] }
		);
		this.#ends.push(() => mock.kill('SIGKILL'));
		await until(name, () => this.#knows(env, name));
	}

	#knows(env, name) {
		const ask = spawn(
			'dbus-send',
			[
				'--session',
				'--print-reply',
				'--dest=org.freedesktop.DBus',
				'/',
				'org.freedesktop.DBus.GetNameOwner',
				`string:${name}`
			],
			{ env, stdio: 'ignore' }
		);
		return new Promise((done) => ask.once('exit', (code) => done(code === 0)));
	}

	/** What was asked of it so far, one call a line. */
	asked(template, method) {
		const lines = readFileSync(this.#log(template), 'utf8').split('\n');
		return lines.filter((line) => line.includes(` ${method} `));
	}

	end() {
		this.#ends.forEach((end) => end());
	}
}
