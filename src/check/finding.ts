/** What `check` has found out about one thing. */
export interface Finding {
  /** In a word or two: `database`, `TURN`. */
  readonly about: string
  /** `fault`: the server would not do what is wanted of it. `note`: it does, and somebody may want something else. */
  readonly state: "good" | "note" | "fault"
  /** Whole sentences: what was found, and what to change. Without secrets. */
  readonly says: string
}

export const good = (about: string, says: string): Finding => ({ about, state: "good", says })
export const note = (about: string, says: string): Finding => ({ about, state: "note", says })
export const fault = (about: string, says: string): Finding => ({ about, state: "fault", says })
