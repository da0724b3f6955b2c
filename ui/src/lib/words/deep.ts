/** The shape of a catalogue: the same keys in every language. */
export type Deep<T> = { [K in keyof T]: T[K] extends string ? string : Deep<T[K]> };
