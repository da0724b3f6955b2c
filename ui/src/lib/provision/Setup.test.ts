import type { JobRequest } from '$lib/backend/backend';
import { begun, running } from '$lib/backend/played';
import { recording } from '$lib/backend/replay';
import { w } from '$lib/words';
import { render, screen } from '@testing-library/svelte';
import { userEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Provision } from './provision.svelte';
import Setup from './Setup.svelte';

const PASSWORD = 'correct horse';
const KEY = recording.view.sightings[0]!.key;

async function open() {
	const start = vi.fn((request: JobRequest) => Promise.resolve(request ? running().id : ''));
	const desk = await begun({ start });
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
	expect(screen.getByText(w.provision.passwordKept)).toBeVisible();
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
	const option = screen.getByRole<HTMLOptionElement>('option', { name: new RegExp(w.provision.enterprise) });
	expect(option).toBeDisabled();
});
