import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { w } from '$lib/words';
import PasswordField from './PasswordField.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const input = () => screen.getByLabelText<HTMLInputElement>('Password');

async function press(name: string) {
	screen.getByRole('button', { name }).click();
	await tick();
}

test('what is revealed hides itself', async () => {
	render(PasswordField, { label: 'Password', value: 'correct horse' });
	expect(input().type).toBe('password');
	await press(w.provision.reveal);
	expect(input().type).toBe('text');
	vi.advanceTimersByTime(9_999);
	await tick();
	expect(input().type).toBe('text');
	vi.advanceTimersByTime(1);
	await tick();
	expect(input().type).toBe('password');
});

test('it is hidden at once by the same button, and a new reveal has its whole time', async () => {
	render(PasswordField, { label: 'Password', value: 'correct horse' });
	await press(w.provision.reveal);
	vi.advanceTimersByTime(6_000);
	await press(w.provision.conceal);
	expect(input().type).toBe('password');
	await press(w.provision.reveal);
	vi.advanceTimersByTime(6_000);
	await tick();
	expect(input().type).toBe('text');
});

test('its value is in no attribute, and its problem is tied to it', () => {
	const { container } = render(PasswordField, {
		label: 'Password',
		value: 'correct horse',
		problem: 'Too short'
	});
	expect(container.innerHTML).not.toContain('correct horse');
	expect(input()).toHaveAccessibleDescription('Too short');
	expect(input()).toBeInvalid();
});
