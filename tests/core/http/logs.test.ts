import { describe, expect, it } from "vitest"
import { describeOnPostgres, useDatabase } from "../../support/databases.ts"
import type { TestServer } from "../../support/server.ts"
import { serverForThisTest } from "../../support/useServer.ts"
import { useFolder } from "../../support/useThroughout.ts"
import { withKey, wrongKeys } from "./wrongKeys.ts"

const key = "a key & a half: öffne dich"

const ask = async (server: TestServer, query: string, init: RequestInit = {}) => {
  const response = await fetch(`${server.http}/logs${query}`, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const read = async (server: TestServer) => {
  const { status, text } = await ask(server, withKey(key))
  expect(status).toBe(200)
  expect(text.endsWith("\n")).toBe(true)
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
}
/** Without the timed jobs, which begin with the server and end when they like. */
const withoutJobs = (lines: readonly { readonly message: string }[]): readonly any[] =>
  lines.filter(({ message }) => !message.includes("cleanup:"))

describe("GET /logs", () => {
  const directory = useFolder()
  let server: TestServer
  const start = async (environment: Readonly<Record<string, string>>) => {
    server = await serverForThisTest({ DATA_DIR: directory, ...environment })
  }

  it("gives the newest lines, oldest first, as plain text that nothing stores or takes for a page", async () => {
    await start({ LOG_ACCESS_KEY: key })
    const client = await server.connect()
    client.send({ type: "register-details", name: "<script>alert(1)</script>" })
    await client.settled()
    const { headers } = await ask(server, withKey(key), { headers: { origin: "https://dropsilk.xyz" } })
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(headers.get("cache-control")).toBe("no-store")
    expect(headers.get("access-control-allow-origin")).toBeNull()
    const lines = withoutJobs(await read(server))
    expect(lines.map(({ message }) => message)).toEqual([
      "system:startup",
      "client:connected",
      "client:registered_details",
      "system:log_access",
      "system:log_access"
    ])
    expect(lines[2]).toMatchObject({ level: "info", clientId: client.id, newName: "<script>alert(1)</script>" })
    await client.close()
  })

  it.each(wrongKeys(key))("is forbidden with %s", async (_, query) => {
    await start({ LOG_ACCESS_KEY: key })
    const { status, headers, text } = await ask(server, query)
    expect([status, headers.get("content-type"), text]).toEqual([403, "text/plain; charset=utf-8", "Forbidden"])
  })

  it("leaves a line for whoever read and for whoever was refused, without the keys", async () => {
    await start({ LOG_ACCESS_KEY: key })
    await ask(server, "?key=my-other-password", { headers: { "x-forwarded-for": "203.0.113.7" } })
    const lines = (await read(server)).filter(({ message }) => message === "system:log_access")
    expect(lines).toEqual([
      expect.objectContaining({ level: "warn", granted: false, ip: "203.0.113.7" }),
      expect.objectContaining({ level: "info", granted: true, ip: "127.0.0.1" })
    ])
    for (const text of [key, encodeURIComponent(key), "my-other-password"]) expect(server.log()).not.toContain(text)
  })

  it("shows as many lines as MAX_LOG_BUFFER_SIZE says, and the server works on when there are more", async () => {
    await start({ LOG_ACCESS_KEY: key, MAX_LOG_BUFFER_SIZE: "5" })
    for (let count = 0; count < 10; count++) {
      const client = await server.connect()
      client.send({ type: "register-details", name: `Visitor ${count}` })
      await client.settled()
      await client.close()
    }
    await expect.poll(() => server.actors().connections).toBe(0)
    const lines = await read(server)
    expect(lines).toHaveLength(5)
    expect(lines.map(({ message }) => message)).toContain("system:log_access")
    expect(lines.map(({ newName }) => newName)).toContain("Visitor 9")
    expect(server.log()).toContain("Visitor 0")
  })

  it("is open to nobody when there is no key, whatever is asked", async () => {
    await start({})
    for (const query of ["", "?key=", "?key=undefined", withKey(key)]) {
      expect(await ask(server, query)).toMatchObject({ status: 403, text: "Forbidden" })
    }
    expect(server.log().match(/system:log_access/g)).toHaveLength(4)
    expect(server.log()).not.toContain("LOG_ACCESS_KEY")
  })

  it("answers HEAD without a body, and OPTIONS; it knows no other method", async () => {
    await start({ LOG_ACCESS_KEY: key })
    expect(await ask(server, withKey(key), { method: "HEAD" })).toMatchObject({ status: 200, text: "" })
    expect(await ask(server, "", { method: "HEAD" })).toMatchObject({ status: 403, text: "" })
    expect(await ask(server, withKey(key), { method: "POST" })).toMatchObject({ status: 404, text: "Not Found" })
    expect(await ask(server, withKey(key), { method: "OPTIONS" })).toMatchObject({ status: 204, text: "" })
  })
})

describeOnPostgres("GET /logs in production", () => {
  const databaseUrl = useDatabase()

  const startup = (server: TestServer) => server.lines("system:startup")

  it("is forbidden without a configured key, and the start warns of it", async () => {
    const server = await serverForThisTest({ NODE_ENV: "production", DATABASE_URL: databaseUrl })
    expect(startup(server)).toEqual([
      expect.objectContaining({ level: "info", environment: "production" }),
      expect.objectContaining({ level: "warn", warning: expect.stringContaining("LOG_ACCESS_KEY") })
    ])
    expect(await ask(server, withKey(key))).toMatchObject({ status: 403, text: "Forbidden" })
  })

  it("is open with the key, and nothing is warned of", async () => {
    const server = await serverForThisTest({ NODE_ENV: "production", DATABASE_URL: databaseUrl, LOG_ACCESS_KEY: key })
    expect(startup(server)).toHaveLength(1)
    expect(withoutJobs(await read(server)).map(({ message }) => message)).toEqual([
      "system:startup",
      "system:log_access"
    ])
  })
})
