/** The live server walks: steps by chance (`WALK_SEED=…` repeats them), and after each what the protocol's page says. */
import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { randomNumbers } from "../../../support/random.ts"
import { startServer } from "../../../support/server.ts"
import { Walk } from "./player.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)
const [walks, stepsOfEach] = [3, 150]
const limits = { items: 8, bytes: 120 }

describeOnPostgres("the relay, walked", () => {
  const databaseUrl = useDatabase()
  const start = () =>
    startServer({
      DATABASE_URL: databaseUrl,
      NOISYTRANSFER_MAILBOX_ITEMS: String(limits.items),
      NOISYTRANSFER_MAILBOX_BYTES: String(limits.bytes)
    })

  it.each(Array.from({ length: walks }, (_, index) => seed + index))(
    "keeps its word at every step (seed %i)",
    async (own) => {
      const walk = new Walk({ start, limits, random: randomNumbers(own) })
      await walk.begin()
      try {
        for (let step = 1; step <= stepsOfEach; step++) {
          await walk.step()
          if (step % 60 === 0) await walk.takeOver()
          if (step === 100) await walk.restart()
        }
      } catch (error) {
        expect.fail(`${String(error)}\n\nafter:\n${walk.path.slice(-40).join("\n")}`)
      } finally {
        await walk.end()
      }
    },
    90_000
  )
})
