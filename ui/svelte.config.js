import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
	kit: {
		adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html' }),
		csp: { mode: 'hash' },
		// The window shows one version; there is nobody to poll for another.
		version: { pollInterval: 0 }
	}
};
