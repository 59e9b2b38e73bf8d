import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { expect, it } from "vitest"
import { WebSocket } from "ws"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import { itOfOneServer } from "../../support/ofOneServer.ts"
import { serverForThisTest, useServer } from "../../support/useServer.ts"
import { newRoom, urlOf, useRelay } from "./relayClient.ts"

/** What an upgrade request is answered with. */
const knock = async (http: string, path: string, headers: Readonly<Record<string, string>> = {}) => {
  const asked = request(`${http}${path}`, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers
    }
  }).end()
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on("response", resolve)
    asked.on("error", reject)
    asked.on("upgrade", (response, socket) => {
      socket.destroy()
      resolve(response)
    })
  })
  let body = ""
  if (answer.statusCode !== 101) for await (const chunk of answer) body += chunk
  return [answer.statusCode, body, answer.headers] as const
}

describeOnPostgres("the door of the relay", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl, NOISYTRANSFER_ORIGINS: "https://a.example" }))
  const { open } = useRelay(server)
  const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) =>
    (await knock(server.http, `/noisytransfer${path}`, headers)).slice(0, 2)
  const nil = "00000000-0000-0000-0000-000000000000"

  it.each([
    ["", "invalid appID\n"],
    ["?appID=&side=", "invalid appID\n"],
    ["?side=A", "invalid appID\n"],
    ["?appID=room&side=A", "invalid appID\n"],
    [`?appid=${nil}&side=A`, "invalid appID\n"],
    [`?appID=${nil}0&side=A`, "invalid appID\n"],
    [`?appID=${nil.replaceAll("-", "")}0&side=A`, "invalid appID\n"],
    [`?appID={${nil}&side=A`, "invalid appID\n"],
    [`?appID=${nil}`, "invalid side\n"],
    [`?appID=${nil}&side=`, "invalid side\n"],
    [`?appID=${nil}&side=a`, "invalid side\n"],
    [`?appID=${nil}&side=C`, "invalid side\n"],
    [`?appID=${nil}&side=A%20`, "invalid side\n"]
  ])("says what is wrong with %s", async (query, words) => {
    expect(await ask(`/ws${query}`)).toEqual([400, words])
    // Also before it looks at where somebody comes from, and where no upgrade is asked for.
    expect(await ask(`/ws${query}`, { origin: "https://evil.example" })).toEqual([400, words])
    const plain = await fetch(`${server.http}/noisytransfer/ws${query}`)
    expect([plain.status, await plain.text()]).toEqual([400, words])
  })

  it("refuses a request that asks for no upgrade", async () => {
    const plain = await fetch(`${server.http}/noisytransfer/ws?appID=${nil}&side=A`)
    expect([plain.status, await plain.text()]).toEqual([400, "upgrade required\n"])
    expect(plain.headers.get("content-type")).toBe("text/plain; charset=utf-8")
  })

  it("is at /ws and nowhere else", async () => {
    for (const path of ["", "/", "/wss", "/ws/", "/ws/more", "/rendezvous/code"]) {
      expect(await ask(`${path}?appID=${nil}&side=A`), path).toEqual([404, "404 page not found\n"])
    }
  })

  it("lets in pages that it may, and whoever is no page", async () => {
    const path = `/ws?appID=${newRoom()}&side=A`
    const [status, body, headers] = await knock(server.http, `/noisytransfer${path}`, {
      origin: "https://evil.example"
    })
    expect([status, body]).toEqual([403, "forbidden origin\n"])
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8")
    for (const from of [{}, { origin: "https://a.example" }] as Record<string, string>[]) {
      expect((await knock(server.http, `/noisytransfer/ws?appID=${newRoom()}&side=A`, from))[0]).toBe(101)
    }
  })

  it.each([
    ["in lower case", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
    ["in upper case", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"],
    ["without dashes", "6ba7b8109dad11d180b400c04fd430c8"],
    ["as a URN", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
    ["in braces", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}"],
    ["that is nil", nil]
  ])("takes a UUID %s, minted or not", async (_, appId) => {
    const client = await open(appId, "A")
    expect(await client.unread()).toEqual([])
  })

  it("knows rooms by the text that names them", async () => {
    const lower = newRoom()
    const [one, other] = [await open(lower, "A"), await open(lower.toUpperCase(), "B")]
    expect([await one.unread(), await other.unread()]).toEqual([[], []])
  })

  it("selects no subprotocol and no extension, and passes by parameters that it does not know", async () => {
    const [status, , headers] = await knock(server.http, `/noisytransfer/ws?appID=${newRoom()}&side=A&x=1&side=B`, {
      "sec-websocket-protocol": "one, two",
      "sec-websocket-extensions": "permessage-deflate"
    })
    expect(status).toBe(101)
    expect(headers["sec-websocket-protocol"]).toBeUndefined()
    expect(headers["sec-websocket-extensions"]).toBeUndefined()
  })

  itOfOneServer("counts who comes, and says when somebody may come again", async () => {
    const busy = await serverForThisTest({ DATABASE_URL: databaseUrl, MAX_UPGRADES_PER_MINUTE: "2" })
    const answers = []
    for (let times = 0; times < 3; times++) {
      answers.push(await knock(busy.http, `/noisytransfer/ws?appID=${newRoom()}&side=A`))
    }
    expect(answers.map(([status]) => status)).toEqual([101, 101, 429])
    const [, body, headers] = answers[2]!
    expect([body, Number(headers["retry-after"]) > 0]).toEqual(["", true])
    // A request that is wrong costs nothing.
    expect((await knock(busy.http, "/noisytransfer/ws"))[0]).toBe(400)
  })

  itOfOneServer("limits the connections of one address, and so the rooms", async () => {
    const small = await serverForThisTest({ DATABASE_URL: databaseUrl, MAX_CONNECTIONS_PER_ADDRESS: "2" })
    const sockets = []
    for (let times = 0; times < 2; times++) {
      const socket = new WebSocket(urlOf(small, newRoom(), "A"))
      await once(socket, "open")
      sockets.push(socket)
    }
    expect((await knock(small.http, `/noisytransfer/ws?appID=${newRoom()}&side=A`))[0]).toBe(429)
    expect(small.actors()["noisytransfer-rooms"]).toBe(2)
    for (const socket of sockets) socket.terminate()
  })

  itOfOneServer("is where an operator puts it, or is not there", async () => {
    const elsewhere = await serverForThisTest({ DATABASE_URL: databaseUrl, NOISYTRANSFER_PATH: "/relay" })
    expect((await knock(elsewhere.http, `/relay/ws?appID=${newRoom()}&side=A`))[0]).toBe(101)
    expect((await fetch(`${elsewhere.http}/relay/rendezvous/code`, { method: "POST" })).status).toBe(200)
    expect((await fetch(`${elsewhere.http}/noisytransfer/rendezvous/code`, { method: "POST" })).status).toBe(404)
    const off = await serverForThisTest({ DATABASE_URL: databaseUrl, NOISYTRANSFER_PATH: "off" })
    expect((await fetch(`${off.http}/noisytransfer/healthz`)).status).toBe(404)
    const root = await serverForThisTest({
      DATABASE_URL: databaseUrl,
      NOISYTRANSFER_PATH: "/",
      DROPSILK_PATH: "/files"
    })
    expect((await knock(root.http, `/ws?appID=${newRoom()}&side=A`))[0]).toBe(101)
    expect(await (await fetch(`${root.http}/healthz`)).text()).toBe("ok")
    expect((await fetch(`${root.http}/rendezvous/code`, { method: "POST" })).status).toBe(200)
  })
})

describeOnPostgres("in production", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({
    DATABASE_URL: databaseUrl,
    NODE_ENV: "production",
    ALLOWED_ORIGINS: "https://app.example"
  }))
  const status = async (headers: Readonly<Record<string, string>>) =>
    (await knock(server.http, `/noisytransfer/ws?appID=${newRoom()}&side=A`, headers))[0]

  it("pages of ALLOWED_ORIGINS may use it, and who is no page", async () => {
    expect(await status({ origin: "https://app.example" })).toBe(101)
    expect(await status({ origin: "https://other.example" })).toBe(403)
    expect(await status({})).toBe(101)
    const minted = (origin: string) =>
      fetch(`${server.http}/noisytransfer/rendezvous/code`, { method: "POST", headers: { origin } })
    expect((await minted("https://app.example")).status).toBe(200)
    expect((await minted("https://other.example")).status).toBe(403)
  })
})
