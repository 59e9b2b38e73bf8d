import { createCipheriv, randomBytes } from "node:crypto"
import { describe, expect, it, test } from "vitest"
import { serverForThisTest, useServer } from "../../../support/useServer.ts"
import { describeOnBoth } from "../databases.ts"
import { offerOn, refused, rondevuOf, said } from "./peers.ts"

const seal = (key: Buffer, peerId: string): string => {
  const iv = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", key, iv)
  return Buffer.concat([iv, cipher.update(peerId), cipher.final(), cipher.getAuthTag()]).toString("base64")
}

describeOnBoth("a peer", (environment) => {
  const server = useServer(environment)
  const rondevu = rondevuOf(server)

  it.each([undefined, "{}", '{"peerId":"mine"}', "{broken", "null", "x".repeat(100_000)])(
    "is made whatever is sent: %s",
    async (body) => {
      const { status, json, headers } = await rondevu.send("POST", "/register", body)
      expect([status, headers["content-type"], Object.keys(json).toSorted()]).toEqual([
        200,
        "application/json",
        ["peerId", "secret"]
      ])
      expect(json.peerId).toMatch(/^[0-9a-f]{32}$/)
      expect(Buffer.from(json.secret, "base64").length).toBe(12 + 32 + 16)
      expect(json.secret).toMatch(/^[A-Za-z0-9+/]{80}$/)
    }
  )

  const format = "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}"
  const pair = "Invalid credentials format. Expected: {peerId}:{secret}"
  it.each<[string, string]>([
    ["", "Missing Authorization header"],
    ["Bearer", format],
    ["bearer ID:SECRET", format],
    ["Basic ID:SECRET", format],
    ["Bearer ID:SECRET more", format],
    ["Bearer  ID:SECRET", format],
    ["Bearer IDSECRET", pair],
    ["Bearer ID:SECRET:more", pair],
    ["Bearer ID:", "Invalid credentials"],
    ["Bearer :SECRET", "Invalid credentials"],
    ["Bearer ID:made-up", "Invalid credentials"],
    ["Bearer ID:OTHER", "Invalid credentials"],
    ["Bearer ID:SECRET=", "Invalid credentials"],
    ["Bearer 0ID:SECRET", "Invalid credentials"]
  ])("is refused with %j before its body is read", async (header, error) => {
    const [peer, other] = [await rondevu.register(), await rondevu.register()]
    const authorization = header
      .replace("ID", peer.peerId)
      .replace("SECRET", peer.secret)
      .replace("OTHER", other.secret)
    const answer = refused(401, error)
    const asked: readonly (readonly [string, string])[] = [
      ["POST", "/offers"],
      ["GET", "/offers/mine"],
      ["GET", "/offers/answers"],
      ["DELETE", "/offers/x"],
      ["POST", "/offers/x/answer"],
      ["POST", "/offers/x/ice-candidates"],
      ["GET", "/offers/x/ice-candidates"],
      ["GET", "/offers/x/ice-candidates?since=x"]
    ]
    for (const [method, path] of asked) {
      expect(
        said(await rondevu.send(method, path, method === "POST" ? "{broken" : undefined, { authorization }))
      ).toEqual(answer)
    }
    expect(said(await rondevu.get("/offers/mine"))).toEqual(refused(401, "Missing Authorization header"))
  })

  it("tells what the server is, with and without a slash", async () => {
    const about = { version: expect.any(String), name: expect.any(String), description: expect.any(String) }
    for (const path of ["", "/"]) expect(said(await rondevu.get(path))).toEqual([200, about])
    const before = Date.now()
    const { json } = await rondevu.get("/health")
    expect(json).toEqual({ status: "ok", timestamp: expect.any(Number), version: (await rondevu.get("")).json.version })
    expect(json.timestamp).toBeGreaterThanOrEqual(before)
  })

  it.each([
    ["GET", "/nothing"],
    ["GET", "/offers"],
    ["PUT", "/offers/x/heartbeat"],
    ["PUT", "/offers"],
    ["PATCH", "/topics"],
    ["POST", "/topics"],
    ["GET", "/register"],
    ["GET", "/offers/"],
    ["GET", "//offers/mine"],
    ["DELETE", "/"]
  ])("gets 404 for %s %s, never 405", async (method, path) => {
    expect(said(await rondevu.send(method, path))).toEqual([404, "404 Not Found"])
  })

  it.each([
    ["GET", "/offers/by-topic/%zz"],
    ["GET", "/peers/%ff/offers"],
    ["DELETE", "/offers/%"],
    ["POST", "/offers/%c3/answer"]
  ])("is told that %s %s is no path", async (method, path) => {
    expect(said(await rondevu.send(method, path))).toEqual(refused(400, "Invalid path"))
  })
})

describe("a page", () => {
  const server = useServer()
  const rondevu = rondevuOf(server)
  const shared = (origin: string) => ({
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "Content-Type",
    vary: "Origin"
  })

  it.each([
    ["GET", "/health", 200],
    ["GET", "/nothing", 404],
    ["GET", "/offers/mine", 401],
    ["GET", "/offers/answers", 401],
    ["GET", "/offers/by-topic/%zz", 400],
    ["POST", "/register", 200],
    ["PUT", "/offers", 404]
  ])("may read the answer to %s %s", async (method, path, status) => {
    const answer = await rondevu.send(method, path, undefined, { origin: "https://Any.example:8443" })
    expect(answer).toMatchObject({ status, headers: shared("https://Any.example:8443") })
  })

  it.each(["", "/", "/offers", "/nothing/at/all", "/offers/x/ice-candidates", "/%zz"])(
    "has any OPTIONS of %j answered with 204",
    async (path) => {
      const { status, text, headers } = await rondevu.send("OPTIONS", path, undefined, { origin: "null" })
      expect([status, text]).toEqual([204, ""])
      expect(headers).toMatchObject({
        ...shared("null"),
        "access-control-max-age": "600",
        "access-control-allow-methods": "GET,POST,PUT,DELETE,OPTIONS",
        "access-control-allow-headers": "Content-Type,Origin,Authorization"
      })
    }
  )

  test("that is not listed is refused nothing, and cannot read", async () => {
    const strict = rondevuOf(await serverForThisTest({ RONDEVU_ORIGINS: "https://app.example,other.example" }))
    for (const origin of ["https://app.example", "http://other.example:99"]) {
      const answer = await strict.send("POST", "/register", undefined, { origin })
      expect(answer).toMatchObject({ status: 200, headers: shared(origin) })
    }
    for (const method of ["POST", "OPTIONS"]) {
      const answer = await strict.send(method, "/register", undefined, { origin: "https://evil.example" })
      expect([200, 204]).toContain(answer.status)
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin")
      expect(answer.headers.vary).toBe("Origin")
    }
  })

  test("at the root finds the same, and what is the server's own is not shared", async () => {
    const root = rondevuOf(await serverForThisTest({ RONDEVU_PATH: "/", DROPSILK_PATH: "off" }), "")
    const origin = "https://any.example"
    expect(await root.get("/", { origin })).toMatchObject({ status: 200, headers: shared(origin) })
    expect(await root.get("/nothing", { origin })).toMatchObject({
      status: 404,
      text: "404 Not Found",
      headers: shared(origin)
    })
    expect((await root.get("/metrics", { origin })).headers).not.toHaveProperty("access-control-allow-origin")
    expect((await root.get("/noisytransfer/ws", { origin })).headers).not.toHaveProperty(
      "access-control-allow-credentials"
    )
    const peer = await root.register()
    expect((await peer.publish(offerOn("root"))).status).toBe(200)
    expect((await peer.answers()).status).toBe(200)
  })
})

describe("the server's keys", () => {
  const [one, two, old] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const

  it("are all accepted, and the first makes credentials", async () => {
    const server = await serverForThisTest({
      RONDEVU_AUTH_SECRET: `${one.toString("hex")}, ${old.toString("hex").toUpperCase()}`
    })
    const rondevu = rondevuOf(server)
    const statusOf = async (key: Buffer, peerId = "00112233445566778899aabbccddeeff") =>
      (await rondevu.peerOf({ peerId, secret: seal(key, peerId) }).mine()).status
    expect([await statusOf(one), await statusOf(old), await statusOf(two)]).toEqual([200, 200, 401])
    expect(await statusOf(old, "anybody-of-before")).toBe(200)
    const peer = await rondevu.register()
    const rotated = rondevuOf(
      await serverForThisTest({ RONDEVU_AUTH_SECRET: `${two.toString("hex")},${one.toString("hex")}` })
    )
    expect((await rotated.peerOf(peer).mine()).status).toBe(200)
    for (const key of [one, old]) expect(server.log()).not.toContain(key.toString("hex"))
  })
})
