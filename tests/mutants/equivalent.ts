/** Mutants that no test can catch, because nothing is different with them; each with the reason. */
export const equivalent: Readonly<Record<string, string>> = {}
