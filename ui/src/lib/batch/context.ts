/** The batches of the window, for its pages: the frame makes them, since a file may be dropped on any screen. */
import { getContext, setContext } from 'svelte';
import type { Batches } from './batch.svelte';

const KEY = Symbol('batches');
export const provideBatches = (batches: Batches): Batches => setContext(KEY, batches);
export const useBatches = (): Batches => getContext<Batches>(KEY);
