/** The address of a client that nobody knows: its socket was closed before it was read. It is the same as no other. */
export const unknownAddress = "unknown"
