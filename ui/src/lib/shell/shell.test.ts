import { recording } from '$lib/backend/replay';
import { faultWords, w } from '$lib/words';
import { render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import Shortcuts from './Shortcuts.svelte';
import StatusStrip from './StatusStrip.svelte';

test('each connection says on a click what is so and what to do, and leads there', async () => {
	const status = structuredClone(recording.view.status);
	status.bluetooth = { state: 'off', about: {}, fault: 'ble.adapter_off' };
	render(StatusStrip, { status });
	const light = screen.getByRole('button', { name: new RegExp(w.status.bluetooth) });
	await userEvent.click(light);
	const words = faultWords('ble.adapter_off');
	expect(screen.getByRole('status')).toHaveTextContent(words.what);
	expect(screen.getByRole('status')).toHaveTextContent(words.fix);
	expect(screen.getByRole('link', { name: w.frame.details })).toHaveAttribute('href', '/health');
	await userEvent.click(light);
	expect(screen.queryByRole('status')).toBeNull();
});

test('the list of keys names every screen', () => {
	HTMLDialogElement.prototype.showModal = vi.fn(function (this: HTMLDialogElement) {
		this.open = true;
	});
	render(Shortcuts, { screens: [{ name: 'One' }, { name: 'Two' }], open: true });
	expect(screen.getByText('Ctrl+2')).toBeVisible();
	expect(screen.getByText('Two')).toBeVisible();
});
