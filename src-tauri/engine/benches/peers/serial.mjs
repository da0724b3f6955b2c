// Provisions one Improv device on a serial port with the official JavaScript client, and prints what came of it as JSON.
//
// Node has no Web Serial: a port of its shape stands on the terminal's file here. The client's files import each other
// without ".js", as bundlers do it, so the loader adds it.
import { closeSync, constants, openSync } from 'node:fs';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { ReadStream, WriteStream } from 'node:tty';

const hook = `export async function resolve(name, context, next) {
	try { return await next(name, context); } catch (error) {
		if (name.startsWith('.') && !name.endsWith('.js')) return next(name + '.js', context);
		throw error;
	}
}`;
register('data:text/javascript,' + encodeURIComponent(hook));
const [client, port, ssid, password] = process.argv.slice(2);
const { ImprovSerial } = await import(pathToFileURL(`${client}/dist/serial.js`).href);
const quiet = { log() {}, debug() {}, error() {} };

function open(path) {
	const file = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
	const [from, to] = [new ReadStream(file), new WriteStream(file)];
	from.setRawMode(true);
	return {
		readable: new ReadableStream({
			start(controller) {
				from.on('data', (bytes) => controller.enqueue(new Uint8Array(bytes)));
				from.on('error', (error) => controller.error(error));
			}
		}),
		writable: new WritableStream({
			write: (bytes) => new Promise((done) => to.write(bytes, () => done()))
		}),
		end: () => closeSync(file)
	};
}

const began = performance.now();
let error = null;
try {
	const improv = new ImprovSerial(open(port), quiet);
	await improv.initialize();
	await improv.provision(ssid, password);
} catch (thrown) {
	error = String(thrown?.message ?? thrown);
}
console.log(JSON.stringify({ ms: performance.now() - began, error }));
process.exit(0);
