import { Effect, Redacted } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createIceServers } from "../../src/io/turnCredentials.ts"
import { hasCoturn, startCoturn, type Coturn } from "./coturn.ts"
import { allocate, type Login } from "./turnClient.ts"

const secret = "a secret that two servers share"
const wrongCredentials = 401

const suite = () => {
  let coturn: Coturn
  beforeAll(async () => {
    coturn = await startCoturn(secret)
  })
  afterAll(() => coturn?.stop())

  /** What a client would have got at this moment. */
  const issue = async (now: number, sharedSecret = secret): Promise<Login> => {
    const issued = createIceServers({
      stunUrls: [],
      own: { urls: [`turn:127.0.0.1:${coturn.port}?transport=udp`], secret: Redacted.make(sharedSecret) },
      timeToLiveSeconds: 60,
      userId: () => "0123456789",
      now: () => now,
      log: () => {}
    })
    const [server] = (issued && (await Effect.runPromise(issued))) ?? []
    return { username: server?.username ?? "", credential: server?.credential ?? "" }
  }

  it("lets in whoever has credentials of ours", async () => {
    expect(await allocate(coturn.port, await issue(Date.now()))).toBe("allocated")
  })

  it("lets nobody in with credentials whose time is over", async () => {
    expect(await allocate(coturn.port, await issue(Date.now() - 120_000))).toBe(wrongCredentials)
  })

  it("lets nobody in with credentials that were made to last longer", async () => {
    const { username, credential } = await issue(Date.now() - 120_000)
    const later = Math.floor(Date.now() / 1000) + 3600
    expect(await allocate(coturn.port, { username: username.replace(/^\d+/, String(later)), credential })).toBe(
      wrongCredentials
    )
  })

  it("lets nobody in with another's name", async () => {
    const { username, credential } = await issue(Date.now())
    expect(await allocate(coturn.port, { username: `${username}x`, credential })).toBe(wrongCredentials)
  })

  it("lets nobody in with credentials made with another secret", async () => {
    expect(await allocate(coturn.port, await issue(Date.now(), `${secret}.`))).toBe(wrongCredentials)
  })
}

const name = "a real coturn"
if (hasCoturn()) describe(name, suite)
else if (process.env["CI"]) describe(name, () => it("is installed", () => expect.fail("turnserver is not on PATH")))
else {
  console.warn(`SKIPPED ${name}: turnserver is not on PATH. Install coturn to run it.`)
  describe.skip(name, suite)
}
