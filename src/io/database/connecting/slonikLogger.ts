/**
 * slonik comes with a logger, roarr, which stays silent here. Even so it listens to errors of standard output, and throws
 * all but EPIPE, which ends the process on a full disk. Its own way of ending that is `teardown`.
 */
import "slonik"

const { ROARR } = globalThis as { ROARR?: { teardown?: () => void } }
ROARR?.teardown?.()
