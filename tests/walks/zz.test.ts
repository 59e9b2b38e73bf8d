import { it, beforeAll, afterAll } from "vitest"
import { migrate } from "../../src/io/migrations.ts"
import { createPostgresDatabase, withClient } from "../support/databases.ts"
import { createPlayer } from "./player.ts"
import { stepsOf, people, inWords, type Step } from "./world.ts"
const all = [...stepsOf(people), { does: "restart" } as Step, ...people.map((who): Step => ({ does: "fall silent", who }))]
const walkOf = (text: string) => text.trim().split("\n").map((l) => l.replace(/^\s*\d+\.\s*/, "").trim()).map((w) => { const s = all.find((x) => inWords(x) === w); if (!s) throw new Error(w); return s })
it("plays", async () => {
  const database = await createPostgresDatabase()
  await withClient(database.url, migrate)
  const player = await createPlayer(database.url)
  try { for (const text of (process.env.WALK ?? "").split(";")) { await player.play(walkOf(text)); console.log("passed") } } finally { await player.stop(); await database.remove() }
})
