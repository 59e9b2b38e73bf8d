/**
 * The live server walks: three peers take steps by chance (`WALK_SEED=…` repeats them, `WALK_STEPS=…` takes more), and all that
 * they can see then is what the protocol's page says. The server is killed and started again on the way.
 */
import { expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../../../support/databases.ts"
import { randomNumbers } from "../../../../support/random.ts"
import { startWalked } from "../../walking.ts"
import { createRondevu, type Json, type Reply } from "../peers.ts"
import { type Heard, rules, World } from "./model.ts"

const seed = Number(process.env["WALK_SEED"] ?? Date.now() % 2 ** 31)
const steps = Number(process.env["WALK_STEPS"] ?? 400)

/** Without what only the clock knows. */
const timeless = ({ createdAt, expiresAt, lastSeen, answeredAt, ...rest }: Json) => rest

describeOnPostgres("offers, walked", () => {
  const databaseUrl = useDatabase()

  it(`keep their word at every step (seed ${seed})`, async () => {
    const random = randomNumbers(seed)
    const oneOf = <A>(list: readonly A[]): A => list[Math.floor(random() * list.length)] as A
    // Many secrets are wrong here, all of one address.
    const { port, walk } = await startWalked({ DATABASE_URL: databaseUrl, MAX_FAILED_JOINS_PER_MINUTE: "0" })
    const world = new World()
    const path: string[] = []
    const rondevu = createRondevu(port)
    const peers = await Promise.all(
      ["ann", "bob", "cid"].map(async (name) => ({ name, peer: await rondevu.register() }))
    )
    const topics = [["a"], ["b/c"], ["a", "ä"]]
    const names = ["x", "y", "z", "w"]

    const hears = async (reply: Promise<Reply>, [status, error]: Heard) => {
      const { status: heard, json } = await reply
      expect([heard, json?.error]).toEqual([status, error])
    }
    /**
     * Everything that the peer sees, of candidates those of the latest offers, as polls have a budget; in two halves as well:
     * what `since` leaves out has been there before.
     */
    const compare = async ({ peer }: (typeof peers)[number]) => {
      expect((await peer.mine()).json.offers.map(timeless)).toEqual(world.mine(peer.peerId))
      expect((await peer.answers()).json.answers.map(timeless)).toEqual(world.answers(peer.peerId))
      for (const id of world.ids().slice(-8)) {
        const expected = world.candidates(peer.peerId, id)
        const { status, json } = await peer.candidates(id)
        if (typeof expected[0] === "number") {
          expect([status, json.error]).toEqual(expected)
          continue
        }
        expect(status).toBe(200)
        const all: readonly Json[] = json.candidates
        expect(all.map(({ candidate }) => candidate)).toEqual(expected)
        const times = all.map(({ createdAt }) => createdAt)
        expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b))
        const middle = Math.floor(random() * all.length)
        const since = times[middle] ?? 0
        expect((await peer.candidates(id, `?since=${since}`)).json.candidates).toEqual(all.slice(middle + 1))
      }
    }
    const compareFound = async () => {
      for (const topic of ["a", "b/c", "ä", "nobody's"]) {
        const { json } = await rondevu.byTopic(topic)
        const expected = world.byTopic(topic)
        expect(json.offers.map(timeless)).toEqual(expected)
        expect([json.total, json.returned]).toEqual([expected.length, expected.length])
      }
      expect((await rondevu.get("/topics")).json.topics).toEqual(world.topics())
    }

    const step = async (number: number) => {
      const { name, peer } = oneOf(peers)
      const id = `${oneOf(names)}${Math.floor(number / 60)}`
      const note = (text: string) => path.push(`${name}: ${text}`)
      const way = random()
      if (way < 0.3) {
        const offer = { id, sdp: `of ${id}`, topics: oneOf(topics), secret: id.startsWith("x") ? "sesame" : undefined }
        note(`publishes ${id} on ${offer.topics}`)
        await hears(peer.publish({ ...offer, ttl: 86_400_000 }), world.publish(peer.peerId, offer))
      } else if (way < 0.5) {
        const secret = oneOf(["sesame", "wrong", undefined])
        note(`answers ${id} with the secret ${secret}`)
        const sdp = `answer ${number}`
        await hears(peer.answer(id, { sdp, secret }), world.answer(peer.peerId, id, sdp, secret, number))
      } else if (way < 0.9) {
        const candidates = Array.from({ length: oneOf([1, 1, 5]) }, (_, index) => ({ number, index }))
        note(`leaves ${candidates.length} candidates at ${id}`)
        await hears(peer.add(id, candidates), world.add(peer.peerId, id, candidates))
      } else {
        note(`deletes ${id}`)
        await hears(peer.remove(id), world.remove(peer.peerId, id))
      }
    }

    try {
      await walk({
        steps,
        step,
        look: async () => {
          await Promise.all(peers.map(compare))
          await compareFound()
        },
        path
      })
      expect(rules.filter((rule) => !world.rules.has(rule))).toEqual([])
    } finally {
      rondevu.leave()
    }
  }, 300_000)
})
