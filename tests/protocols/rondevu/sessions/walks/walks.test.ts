/**
 * The live server walks: three pages, two of them of one origin, take steps by chance (`WALK_SEED=…` repeats them), and after
 * each all that they can see is what the protocol's page says. The server is killed and started again on the way.
 */
import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../../support/databases.ts"
import { randomNumbers } from "../../../../support/random.ts"
import { startWalked } from "../../walking.ts"
import { createPage, type Page, type Reply, said } from "../pages.ts"
import { type Heard, rules, World } from "./model.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)
const steps = Number(process.env["WALK_STEPS"] ?? 240)

describeOnPostgres("sessions, walked", () => {
  const databaseUrl = useDatabase()

  it(`keep their word at every step (seed ${seed})`, async () => {
    const random = randomNumbers(seed)
    const oneOf = <A>(list: readonly A[]): A => list[Math.floor(random() * list.length)] as A
    const { port, walk } = await startWalked({ DATABASE_URL: databaseUrl, TRUST_PROXY: "1" })
    const world = new World()
    const path: string[] = []
    const origins = ["https://one.example", "https://one.example", "https://other.example"]
    // Each of an address of its own, as all that is compared is polled.
    const pages = origins.map((origin, index) => ({
      origin,
      page: createPage(port, origin, { "x-forwarded-for": `192.0.2.${index + 1}` })
    }))
    const topics = ["a", "b/c", "ä"]
    const names = ["x", "y", "z", "w"]

    const hears = (said: readonly [number, unknown], expected: Heard) => expect(said).toEqual(expected)
    const compare = async ({ origin, page }: { origin: string; page: Page }) => {
      const listed = await Promise.all(topics.map((topic) => page.list(topic)))
      for (const [index, topic] of topics.entries()) {
        const seen = (listed[index] ?? []).map(({ createdAt, expiresAt, ...rest }) => {
          expect(expiresAt - createdAt).toBe(300_000)
          return rest
        })
        expect(seen).toEqual(world.list(origin, topic))
      }
      expect((await page.get("/topics")).json.topics).toEqual(world.topics(origin))
      for (const code of world.codes()) {
        for (const side of ["offerer", "answerer"] as const) {
          hears(said(await page.poll(code, side)), world.poll(origin, code, side))
        }
      }
    }
    const step = async (number: number) => {
      const { origin, page } = oneOf(pages)
      const code = `${oneOf(names)}${Math.floor(number / 40)}`
      const note = (text: string) => path.push(`${origin}: ${text}`)
      const check = async (reply: Promise<Reply>, expected: Heard) => hears(said(await reply), expected)
      const way = random()
      if (way < 0.3) {
        const topic = oneOf(topics)
        note(`offers ${code} on ${topic}`)
        const offer = `offer ${number}`
        await check(page.offer(topic, { code, peerId: origin, offer }), world.begin(origin, code, topic, origin, offer))
      } else if (way < 0.5) {
        // Twice, as of an offer that is answered once more is asked often enough only so.
        for (const answer of [oneOf(["yes", "no"]), oneOf(["yes", "no"])]) {
          note(`answers ${code} with ${answer}`)
          await check(page.answer(code, answer), world.answer(origin, code, answer))
        }
      } else if (way < 0.9) {
        const side = oneOf(["offerer", "answerer"] as const)
        note(`leaves candidate ${number} of the ${side} in ${code}`)
        await check(page.add(code, side, { number }), world.add(origin, code, side, { number }))
      } else {
        const mine = Array.from({ length: 5 }, (_, index) => ({ number, index }))
        note(`leaves five candidates in ${code}, one after the other`)
        for (const each of mine) {
          await check(page.add(code, "offerer", each), world.add(origin, code, "offerer", each))
        }
      }
    }

    try {
      await walk({
        steps,
        step,
        look: () => Promise.all(pages.map(compare)),
        path
      })
      expect(rules.filter((rule) => !world.rules.has(rule))).toEqual([])
    } finally {
      for (const { page } of pages) page.leave()
    }
  }, 300_000)
})
