/** How fast a file goes. */

/** So far back the speed looks. */
const lookMs = 3000

export class Pace {
  #marks = []
  #beganAt = 0
  #beganBytes = 0
  #lastAt = 0
  #lastBytes = 0

  begin(bytes) {
    const now = performance.now()
    this.#marks = [[now, bytes]]
    this.#beganAt = this.#lastAt = now
    this.#beganBytes = this.#lastBytes = bytes
  }

  at(bytes) {
    const now = performance.now()
    this.#lastAt = now
    this.#lastBytes = bytes
    this.#marks.push([now, bytes])
    while (this.#marks.length > 2 && now - this.#marks[0][0] > lookMs) this.#marks.shift()
  }

  /** Bytes a second at the moment. */
  get now() {
    const [[at, bytes] = [0, 0]] = this.#marks
    const elapsed = performance.now() - at
    return elapsed < 200 ? undefined : ((this.#lastBytes - bytes) / elapsed) * 1000
  }

  /** Bytes a second from the beginning to the end. */
  get whole() {
    const elapsed = this.#lastAt - this.#beganAt
    return elapsed < 1 ? undefined : ((this.#lastBytes - this.#beganBytes) / elapsed) * 1000
  }
}
