import type { ExposureView } from '$lib/backend/backend';
import { w } from '$lib/words';
import { render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { looksLikeCode } from './code';
import DevicePrompt from './DevicePrompt.svelte';
import DeviceSecret from './DeviceSecret.svelte';
import SecurityMeter from './SecurityMeter.svelte';

const CODE = '{"ver":"v1","name":"PROV_CE03C0","pop":"abcd1234","transport":"ble"}';

test('the security of a connection is said in a word and a sentence, whatever its colour', () => {
	for (const exposure of ['sealed', 'unproven', 'cable', 'air'] as ExposureView[]) {
		const { container, unmount } = render(SecurityMeter, { exposure });
		expect(screen.getByRole('region', { name: w.device.meter })).toHaveTextContent(
			w.device.exposure[exposure].says
		);
		expect(screen.getByText(w.device.exposure[exposure].word)).toBeVisible();
		// Each has a bar of its own length.
		expect(container.querySelectorAll('.full')).toHaveLength(
			{ sealed: 4, cable: 3, unproven: 2, air: 1 }[exposure]
		);
		unmount();
	}
});

test('only what anybody near can record comes with advice', () => {
	render(SecurityMeter, { exposure: 'air' });
	expect(screen.getByRole('region')).toHaveTextContent(w.device.exposureAdvice);
});

test('a scanned code is known as one and stays out of sight', async () => {
	const { container } = render(DeviceSecret, { value: '' });
	const field = screen.getByLabelText<HTMLInputElement>(w.device.secret);
	expect(field).toHaveAccessibleDescription(w.device.secretHint);
	await userEvent.click(field);
	await userEvent.paste(CODE);
	expect(field.type).toBe('password');
	expect(field.value).toBe(CODE);
	expect(field).toHaveAccessibleDescription(w.device.secretCode);
	expect(container.innerHTML).not.toContain('abcd1234');
});

test('a refused proof is a problem at its field', () => {
	render(DeviceSecret, { value: 'wrong', refused: true });
	const field = screen.getByLabelText(w.device.secret);
	expect(field).toBeInvalid();
	expect(field).toHaveAccessibleDescription(new RegExp(w.device.secretWrong));
});

test('a code is JSON, a page with data behind it, or either in percent signs; a proof is not', () => {
	for (const code of [CODE, ` ${CODE}\n`, 'https://example.com/qr?data=%7B%22ver%22', '%7B%22ver%22%3A'])
		expect(looksLikeCode(code)).toBe(true);
	for (const proof of ['abcd1234', 'data', '', 'p{x}']) expect(looksLikeCode(proof)).toBe(false);
});

test('a device that waits for a person is announced', () => {
	render(DevicePrompt);
	expect(screen.getByRole('alert')).toHaveTextContent(w.device.prompt);
});
