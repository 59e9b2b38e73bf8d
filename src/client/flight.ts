/** A flight: two seats and a code, for as long as somebody sits in it. */
import { Seat, type SeatParts } from "./seat.ts"

export class Flight extends Seat {
  #code: string

  /** Without a code it is a new one. */
  constructor(parts: SeatParts, code = "") {
    super(parts)
    this.#code = code
  }

  get code(): string {
    return this.#code
  }

  protected override async take(signal: AbortSignal): Promise<void> {
    if (this.#code === "") {
      // Nobody can come before the code is known.
      this.role = "host"
      this.#code = (await this.calls.ask({ type: "create-flight" }, "flight-created", signal)).flightCode
      return
    }
    // Whoever comes, or comes back, finds somebody there: a flight that nobody sits in is gone.
    this.role = "guest"
    const joined = await this.calls.ask({ type: "join-flight", flightCode: this.#code }, "peer-joined", signal)
    this.#code = joined.flightCode
  }
}
