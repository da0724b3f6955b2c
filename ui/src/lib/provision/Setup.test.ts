import type { JobRequest } from '$lib/backend/backend';
import { begun, running } from '$lib/backend/played';
import { recording } from '$lib/backend/replay';
import { w } from '$lib/words';
import { render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { tick } from 'svelte';
import { expect, test, vi } from 'vitest';
import { Provision } from './provision.svelte';
import Setup from './Setup.svelte';

const PASSWORD = 'correct horse';
const KEY = recording.view.sightings[0]!.key;

async function open(kept: string[] = []) {
	const start = vi.fn((request: JobRequest) => Promise.resolve(request ? running().id : ''));
	const desk = await begun({ start });
	desk.settings!.kept = kept;
	const state = new Provision(desk);
	await state.choose(KEY);
	return { state, start, ...render(Setup, { state }) };
}

/** Everything that the page holds: its markup, and what stands in its fields. */
const held = () =>
	document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((input) => input.value);

test('the password is gone from the page after the start, and goes out once', async () => {
	const { start } = await open();
	await userEvent.type(screen.getByLabelText(w.provision.password), PASSWORD);
	expect(held()).toContain(PASSWORD);
	await userEvent.keyboard('{Enter}');
	await vi.waitFor(() => expect(start).toHaveBeenCalledOnce());
	expect(start.mock.calls[0]![0].password).toBe(PASSWORD);
	await vi.waitFor(() => expect(held()).not.toContain(PASSWORD));
});

test('a problem stands at its field, and what was typed stays', async () => {
	const { start } = await open();
	const field = screen.getByLabelText<HTMLInputElement>(w.provision.password);
	await userEvent.type(field, 'short{Enter}');
	expect(field).toBeInvalid();
	expect(field).toHaveAccessibleDescription(/5/);
	expect(field.value).toBe('short');
	expect(start).not.toHaveBeenCalled();
});

test('an enterprise network is shown, and cannot be chosen', async () => {
	await open();
	const network = screen.getByRole<HTMLInputElement>('radio', { name: new RegExp(w.provision.enterprise) });
	expect(network).toBeDisabled();
});

test('after a wrong password only the password is asked, and it has the focus', async () => {
	const { state } = await open();
	state.password = 'wrong password';
	state.name = 'Pump 1';
	state.open = 'password';
	await tick();
	expect(screen.getByLabelText(w.provision.password)).toHaveFocus();
	expect(screen.queryAllByRole('radio')).toHaveLength(0);
	expect(screen.queryByLabelText(w.provision.name)).toBeNull();
	expect(document.body).toHaveTextContent('Pump 1');
	await userEvent.click(screen.getByRole('button', { name: w.job.changeAll }));
	expect(screen.getAllByRole('radio').length).toBeGreaterThan(1);
	expect(screen.getByLabelText<HTMLInputElement>(w.provision.name).value).toBe('Pump 1');
});

test('where the password is kept, the button that goes on has the focus', async () => {
	const { start } = await open([recording.view.settings.last_ssid!]);
	await tick();
	expect(screen.getByText(w.provision.passwordKept)).toBeVisible();
	expect(screen.getByRole('button', { name: w.provision.go })).toHaveFocus();
	await userEvent.keyboard('{Enter}');
	await vi.waitFor(() => expect(start).toHaveBeenCalledOnce());
	expect(start.mock.calls[0]![0]).toMatchObject({ password: null, kept_password: true });
});

test('a network that needs a password is not started without one', async () => {
	const { start } = await open();
	await userEvent.click(screen.getByRole('button', { name: w.provision.go }));
	expect(screen.getByLabelText(w.provision.password)).toHaveAccessibleDescription(
		new RegExp(w.job.needsPassword)
	);
	expect(start).not.toHaveBeenCalled();
});
