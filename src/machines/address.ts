/**
 * Where somebody is found: an actor by the kind that its supervisor looks after and its id there, or an adapter's end
 * by a kind of its own. Plain data, so that events and contexts that hold one can be written down and read again. It
 * says who is meant, not where that one lives; once there are several nodes the registry finds that out, or the address
 * says it.
 */
export interface Address {
  /** A supervisor's kind ("flights"), or that of an endpoint ("sockets"). */
  readonly kind: string
  readonly id: string
}
