import type { Backend, DescribedView, DescribeRequest, FieldView } from '$lib/backend/backend';
import { replay } from '$lib/backend/replay';
import { w } from '$lib/words';
import { render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import After from './After.svelte';

const FIELDS: FieldView[] = [
	{ id: 5, name: 'Serial Number', kind: 'text', value: null, hint: 'On the label' },
	{ id: 7, name: 'Floor', kind: 'number', value: '1', hint: null }
];

function open(changes: Partial<Backend> = {}, practice = false) {
	const describe = vi.fn((request: DescribeRequest): Promise<DescribedView> =>
		Promise.resolve({
			name: request.name,
			fields: request.fields.map((f) => FIELDS.find((known) => known.id === f.id)!.name),
			faults: []
		})
	);
	const backend = { ...replay(), fields: () => Promise.resolve(FIELDS), describe, ...changes };
	return { describe, ...render(After, { backend, unit: 'u', name: 'Pump', practice }) };
}

test('a name is saved, and a bad one is told at its field', async () => {
	const { describe } = open();
	const field = screen.getByLabelText(w.job.nameIt);
	await userEvent.type(field, '<b>{Enter}');
	expect(field).toHaveAccessibleDescription(w.provision.nameBad);
	expect(describe).not.toHaveBeenCalled();
	await userEvent.clear(field);
	await userEvent.type(field, 'Pump 7{Enter}');
	expect(describe).toHaveBeenCalledWith({ unit: 'u', name: 'Pump 7', fields: [] });
	expect(await screen.findByText(/Pump 7/)).toBeVisible();
});

test('fields are typed, only what was changed is written, and what the cloud refuses is said', async () => {
	const { describe } = open();
	await userEvent.click(screen.getByRole('button', { name: w.job.fieldsLoad }));
	const floor = await screen.findByLabelText<HTMLInputElement>('Floor');
	expect(screen.getByLabelText('Serial Number')).toHaveAccessibleDescription('On the label');
	await userEvent.clear(floor);
	await userEvent.type(floor, 'upstairs{Enter}');
	expect(floor).toHaveAccessibleDescription(w.job.number);
	expect(describe).not.toHaveBeenCalled();
	await userEvent.clear(floor);
	await userEvent.type(floor, '2{Enter}');
	expect(describe).toHaveBeenCalledWith({ unit: 'u', name: null, fields: [{ id: 7, value: '2' }] });
	expect(await screen.findByText(/Floor\./)).toBeVisible();
});

test('a cloud that is down loses nothing of what was typed', async () => {
	const fault = { code: 'cloud.unavailable', step: 'describe', blame: 'cloud', retry: 'now' } as const;
	open({
		describe: () => Promise.reject({ fault: { ...fault, device_code: null, about: {}, chain: '' } })
	});
	const field = screen.getByLabelText<HTMLInputElement>(w.job.nameIt);
	await userEvent.type(field, 'Pump 7{Enter}');
	expect(await screen.findByRole('alert')).toBeVisible();
	expect(field.value).toBe('Pump 7');
});

test('its page is opened by the system; the window never names an address', async () => {
	const openPage = vi.fn((unit: string) => Promise.resolve(void unit));
	open({ openPage });
	await userEvent.click(screen.getByRole('button', { name: w.job.openPage }));
	expect(openPage).toHaveBeenCalledWith('u');
});

test('practice has no page in any cloud, and says so', () => {
	open({}, true);
	expect(screen.queryByRole('button', { name: w.job.openPage })).toBeNull();
	expect(screen.getByText(w.job.noPage)).toBeVisible();
});
