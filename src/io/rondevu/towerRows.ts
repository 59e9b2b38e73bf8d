/** Of either part on the tower page: what is in use, and its topics. Neither ids nor peers nor texts are shown. */
import { contextOf, statePaths } from "../tower/actorSnapshots.ts"
import { createGlance } from "../tower/glance.ts"
import type { TowerPart } from "../tower/towerPart.ts"
import { rondevuLimits } from "./limits.ts"

/** What both charts know. */
interface InUse {
  readonly saved: { readonly candidates: readonly unknown[] } | null
  /** Epoch milliseconds. */
  readonly spokenAt: number
}

const stateIn = (paths: readonly string[], region: string): string =>
  paths.find((path) => path.startsWith(`open.${region}.`))?.slice(`open.${region}.`.length) ?? "loading"

export interface RondevuTowerOptions {
  /** Of the actors. */
  readonly kind: string
  /** What each is called, as its id is not shown. */
  readonly one: string
  readonly topics: {
    readonly title: string
    /** What is counted of each. */
    readonly counted: string
    /** The first of `total` topics, each with its count. */
    readonly read: () => Promise<Topics>
  }
  readonly onFault: (error: unknown) => void
}

interface Topics {
  readonly total: number
  readonly topics: readonly (readonly [topic: string, count: number])[]
}

export const rondevuTower = ({ kind, one, topics, onFault }: RondevuTowerOptions): TowerPart => ({
  sections: [
    {
      name: `${kind}-topics`,
      table: {
        title: topics.title,
        caption: "Those with most come first.",
        columns: [
          { title: "Topic", shows: "text" },
          { title: topics.counted, shows: "number" }
        ]
      },
      listed: createGlance({
        initial: { total: 0, rows: [] },
        read: async () => {
          const { total, topics: rows } = await topics.read()
          return { total, rows }
        },
        freshMs: rondevuLimits.shownTopicsMs,
        onFault
      })
    },
    {
      name: kind,
      kind,
      table: {
        title: `Rondevu ${one}s in use`,
        caption: "Those that somebody answers or polls now. How many are stored is in the metrics.",
        columns: [
          { title: "State", shows: "text" },
          { title: "Row", shows: "text" },
          { title: "Candidates", shows: "number" },
          { title: "Last asked", shows: "age" }
        ]
      },
      cells: (actor) => {
        const { saved, spokenAt } = contextOf<InUse>(actor) as InUse
        const paths = statePaths(actor)
        return [stateIn(paths, "standing"), stateIn(paths, "storage"), saved?.candidates.length ?? 0, spokenAt]
      }
    }
  ],
  shownIds: { [kind]: () => one }
})
