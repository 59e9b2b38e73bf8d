/** Which tokens let somebody in, and that they are written down nowhere. */
import { createHmac, generateKeyPairSync } from "node:crypto"
import { exportSPKI, SignJWT } from "jose"
import { describe, expect, it } from "vitest"
import { serverForThisTest } from "../../support/useServer.ts"
import { folderForThisTest } from "../../support/useThroughout.ts"
import { FakeEngine } from "./fakeEngine.ts"
import { refusedUpgrade, room, secret, tokenFor, useParticipants, useSfu } from "./sfuClient.ts"

const { server, engine } = useSfu({ LOG_ACCESS_KEY: "k".repeat(40), LOG_LEVEL: "trace" })
const participant = useParticipants(server, engine)

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
const soon = Math.floor(Date.now() / 1000) + 3600
const claims = { userId: "user-1", userName: "Ada", roomId: room, iat: soon - 3600, exp: soon }
/** By hand, as no library would. */
const signed = (header: object, payload: unknown, key: string, digest = "sha256") => {
  const text = `${encoded(header)}.${encoded(payload)}`
  return `${text}.${createHmac(digest, key).update(text).digest("base64url")}`
}
const hs256 = { alg: "HS256", typ: "JWT" }

const unauthorized = { status: 401, body: "Unauthorized - Invalid Token" }
const upgrade = (token: string, path = "/sfu") => refusedUpgrade(`${server.ws}${path}?token=${token}`)

describe("a token", () => {
  it("lets its bearer in at the base, with and without a slash", async () => {
    for (const path of ["/sfu", "/sfu/"]) {
      const client = await participant({ path, token: signed(hs256, claims, secret) })
      expect(await client.join()).toMatchObject({ existingProducers: [] })
    }
  })

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
  it.each([
    ["is none at all", () => "x"],
    ["has an empty signature", () => `${encoded(hs256)}.${encoded(claims)}.`],
    ["is not signed", () => `${encoded({ alg: "none" })}.${encoded(claims)}.`],
    ["is not signed, in other letters", () => `${encoded({ alg: "nOnE" })}.${encoded(claims)}.`],
    ["is signed with another key", () => signed(hs256, claims, `${secret}!`)],
    ["is signed with HS384", () => signed({ alg: "HS384" }, claims, secret, "sha384")],
    ["is signed with HS512", () => signed({ alg: "HS512" }, claims, secret, "sha512")],
    ["says HS256 and is signed with SHA-512", () => signed(hs256, claims, secret, "sha512")],
    ["is signed by a private key", () => new SignJWT(claims).setProtectedHeader({ alg: "RS256" }).sign(rsa.privateKey)],
    [
      "takes a public key for the secret",
      async () => signed({ alg: "RS256" }, claims, await exportSPKI(rsa.publicKey))
    ],
    ["has expired", () => signed(hs256, { ...claims, exp: soon - 3601 }, secret)],
    ["never expires", () => signed(hs256, { ...claims, exp: undefined }, secret)],
    ["is not good yet", () => signed(hs256, { ...claims, nbf: soon }, secret)],
    ["names something critical", () => signed({ ...hs256, crit: ["x"], x: 1 }, claims, secret)],
    ["says nothing", () => signed(hs256, { exp: soon }, secret)],
    ["is no object", () => signed(hs256, "claims", secret)],
    ["has no name", () => signed(hs256, { ...claims, userName: undefined }, secret)],
    ["has a number for an id", () => signed(hs256, { ...claims, userId: 7 }, secret)],
    ["has an empty room", () => signed(hs256, { ...claims, roomId: "" }, secret)],
    ["has a NUL in it", () => signed(hs256, { ...claims, userId: "a\0" }, secret)],
    ["has an id that is too long", () => signed(hs256, { ...claims, roomId: "x".repeat(129) }, secret)],
    ["has a name that is too long", () => signed(hs256, { ...claims, userName: "x".repeat(65) }, secret)]
  ])("that %s does not", async (_, token) => {
    expect(await upgrade(await token())).toEqual(unauthorized)
  })

  it("that was changed in any part does not", async () => {
    const [header = "", payload = "", signature = ""] = (await tokenFor()).split(".")
    for (const changed of [
      [header, encoded({ ...claims, roomId: "another" }), signature],
      [encoded({ alg: "HS256", kid: "1" }), payload, signature],
      [header, payload, signature.replace(/^./, (first) => (first === "A" ? "B" : "A"))]
    ]) {
      expect(await upgrade(changed.join("."))).toEqual(unauthorized)
    }
  })

  it("opens no socket elsewhere, and none opens without one", async () => {
    expect(await upgrade(await tokenFor(), "/sfu/elsewhere")).toEqual({ status: 404, body: "404 Not Found" })
    expect(await upgrade("x", "/sfu/elsewhere")).toEqual(unauthorized)
    expect(await refusedUpgrade(`${server.ws}/sfu`)).toEqual({
      status: 403,
      body: "WebSocket connection requires token in query string"
    })
    expect(await refusedUpgrade(`${server.ws}/sfu/?token=`)).toMatchObject({ status: 403 })
  })

  it("is looked at when the socket opens: what goes on outlives it", async () => {
    // Good for a second at least.
    const exp = Math.floor(Date.now() / 1000) + 2
    const client = await participant({ token: signed(hs256, { ...claims, exp }, secret) })
    await expect.poll(() => upgrade(signed(hs256, { ...claims, exp }, secret)), { timeout: 5000 }).toEqual(unauthorized)
    expect(await client.join()).toMatchObject({ existingProducers: [] })
  })

  it("is in no log, no metric and on no page, and neither is the secret", async () => {
    const token = await tokenFor({ userId: "hidden" })
    const client = await participant({ token })
    await client.join()
    await client.transport()
    engine.faults.set("openTransport", new Error("broken"))
    await client.ask("create-transport")
    await upgrade(`${token}x`)
    const response = await fetch(`${server.http}/sfu/nowhere?token=${token}`)
    expect(response.headers.get("referrer-policy")).toBe("no-referrer")
    const key = "k".repeat(40)
    const printed = [
      server.log(),
      ...(await Promise.all(
        ["/metrics", `/logs?key=${key}`].map(async (path) => (await fetch(server.http + path)).text())
      ))
    ].join("\n")
    expect(printed).toContain("sfu:joined")
    const [header = "", payload = "", signature = ""] = token.split(".")
    for (const part of [`${header}.`, payload, signature, secret, "secret-of-ice"]) expect(printed).not.toContain(part)
  })
})

describe("the secret", () => {
  const start = (environment: Readonly<Record<string, string>>) =>
    serverForThisTest({ SFU_PATH: "/sfu", ...environment }, { endpoints: { mediaEngine: new FakeEngine().open } })
  const tokenOf = async (at: string) => {
    const response = await fetch(`${at}/sfu/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ userId: "user-1", userName: "Ada", roomId: room })
    })
    return ((await response.json()) as { token: string }).token
  }
  const isGood = async (at: string, token: string) => (await fetch(`${at}/sfu/health?token=${token}`)).status === 200

  it("is made once where none is set, and outlives the server", async () => {
    const folder = await folderForThisTest()
    const first = await start({ DATA_DIR: folder })
    const token = await tokenOf(first.http)
    await first.stop()
    const second = await start({ DATA_DIR: folder })
    expect(await isGood(second.http, token)).toBe(true)
    const other = await start({})
    expect(await isGood(other.http, token)).toBe(false)
    expect(await isGood(other.http, await tokenFor({}, "dev-secret"))).toBe(false)
  })
})
