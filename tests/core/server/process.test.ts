import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { type AddressInfo, connect as connectTcp, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { describeOnPostgres, useDatabase, withClient } from "../../support/databases.ts"
import { seedEmbeddedDatabase } from "../../support/embeddedTemplate.ts"
import { freePort } from "../../support/freePort.ts"
import { refusedStart, type ServerProcess, startProcess } from "../../support/process.ts"
import { connect, post } from "../../support/server.ts"
import { useFolder } from "../../support/useThroughout.ts"

const summaryOf = async (http: string, code: string, participantId: string) => {
  const response = await fetch(`${http}/api/rooms/${code}?participantId=${participantId}`)
  return { status: response.status, body: (await response.json()) as any }
}

/** How often a server is killed under load; `KILLS=50 npm test -- tests/core/server/process.test.ts` takes some minutes. */
const kills = Number(process.env["KILLS"] ?? 3)

/** A port that some other program listens on. */
const takenPort = async (): Promise<{ port: string; close(): Promise<unknown> }> => {
  const other = createServer()
  await once(other.listen(0, "127.0.0.1"), "listening")
  return {
    port: String((other.address() as AddressInfo).port),
    close: () => once(other.close(), "close")
  }
}

describe("the server as a process", () => {
  const directory = useFolder()
  let running: ServerProcess | undefined

  afterEach(async () => {
    await running?.kill()
    running = undefined
  })

  it("says where it listens, which database it uses and where the docs are, and no key", async () => {
    running = await startProcess({ DATA_DIR: directory, LOG_ACCESS_KEY: "sesame" })
    expect(running.printed()).toMatch(/origins\s+https:\/\//)
    expect(running.printed()).toMatch(/tower\s+http:\/\/localhost:\d+\/tower\?key=…/)
    expect(running.printed()).not.toContain("sesame")
    expect(running.printed()).toMatch(/listening\s+http:\/\/localhost:\d+/)
    expect(running.printed()).toMatch(/database\s+embedded PostgreSQL in/)
    expect(running.printed()).toMatch(/docs\s+http:\/\/localhost:\d+\/docs/)
  })

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("on %s tells clients, keeps rooms and exits 0", async (signal) => {
    const first = await startProcess({ DATA_DIR: directory })
    const { body } = await post(`${first.http}/api/rooms`, { name: "Host" })
    const client = await connect(first.ws)
    client.send({ type: "attach-room", roomCode: body.roomCode, participantId: body.self.participantId })
    await client.until("room-attached")
    const closed = client.closed()
    const code = first.end(signal)
    expect(await client.until("server-shutdown")).toEqual({
      type: "server-shutdown",
      message: "Server is shutting down for maintenance."
    })
    expect(await closed).toBe(1001)
    expect(await code).toBe(0)

    running = await startProcess({ DATA_DIR: directory })
    expect((await summaryOf(running.http, body.roomCode, body.self.participantId)).status).toBe(200)
  })

  it("stops under npm start as well", async () => {
    running = await startProcess({ DATA_DIR: directory }, ["npm", "start", "--silent"])
    const { http } = running
    expect(await running.end("SIGTERM")).toBe(0)
    await expect(fetch(http)).rejects.toThrow()
    running = undefined
  })

  it("exits 1 when a client does not let go in time", async () => {
    const server = await startProcess({ DATA_DIR: directory, SHUTDOWN_TIMEOUT_MS: "300" })
    const socket = connectTcp(Number(new URL(server.http).port), "127.0.0.1")
    socket.on("error", () => {})
    socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await once(socket, "data")
    expect(await server.end("SIGTERM")).toBe(1)
    socket.destroy()
  })

  it("refuses a data folder that another process uses", async () => {
    running = await startProcess({ DATA_DIR: directory })
    const { code, output } = await refusedStart({ DATA_DIR: directory })
    expect(code).toBe(1)
    expect(output).toContain(directory)
    expect(output).toContain("DATABASE_URL")
  })

  it("reports every fault of the configuration at once, without secrets", async () => {
    const { code, output } = await refusedStart(
      { PORT: "eighty", MAX_PAYLOAD_BYTES: "-1", DATABASE_URL: "mysql://user:hush@host/db", NODE_ENV: "production" },
      ["--allow-local-port=zero"]
    )
    expect(code).toBe(1)
    for (const name of ["PORT=eighty", "MAX_PAYLOAD_BYTES=-1", "DATABASE_URL=<redacted>", "--allow-local-port=zero"]) {
      expect(output).toContain(name)
    }
    expect(output).not.toContain("hush")
  })

  it("refuses production without DATABASE_URL and says why", async () => {
    const { code, output } = await refusedStart({ NODE_ENV: "production", DATA_DIR: directory })
    expect(code).toBe(1)
    expect(output).toMatch(/DATABASE_URL.*production/)
  })

  const refusedListening = async (
    environment: Readonly<Record<string, string>>,
    parameters: readonly string[] = []
  ) => {
    const DATA_DIR = await mkdtemp(join(tmpdir(), "silktower-"))
    seedEmbeddedDatabase({ DATA_DIR })
    const { code, output } = await refusedStart({ DATA_DIR, LOG_LEVEL: "warn", ...environment }, parameters)
    await rm(DATA_DIR, { recursive: true, force: true })
    expect(code).toBe(1)
    // One sentence, without a stack trace.
    expect(output.trim().split("\n")).toHaveLength(1)
    return output
  }

  it("refuses a port that is taken, and says what sets another", async () => {
    const { port, close } = await takenPort()
    const taken = new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is taken by another program: .* PORT .or --port`)
    const refusals = await Promise.all([refusedListening({ PORT: port }), refusedListening({}, [`--port=${port}`])])
    expect(refusals).toEqual([expect.stringMatching(taken), expect.stringMatching(taken)])
    await close()
  })

  it("refuses a HOST that is not here, and says what sets another", async () => {
    // Documentation's own network (RFC 5737), and a name that never exists (RFC 6761).
    const [address, name] = await Promise.all([
      refusedListening({ HOST: "203.0.113.9" }),
      refusedListening({}, ["--host=nobody.invalid"])
    ])
    expect(address).toMatch(/^HOST=203\.0\.113\.9 is no address of this machine: .*--host/)
    expect(name).toMatch(/^HOST=nobody\.invalid is no host that can be found/)
  })

  it("listens where its flags say, whatever the environment says", async () => {
    const port = await freePort()
    const environment = { DATA_DIR: directory, PORT: "1", HOST: "203.0.113.9" }
    const npm = ["npm", "start", "--silent", "--", `--port=${port}`, "--host", "127.0.0.1"]
    running = await startProcess(environment, [...npm, "--allow-local-port=3000", "--allow-local-port=3001"])
    expect(new URL(running.http).port).toBe(String(port))
    for (const origin of ["http://localhost:3000", "http://localhost:3001"]) {
      const { headers } = await fetch(`${running.http}/api/status`, { headers: { origin } })
      expect(headers.get("access-control-allow-origin")).toBe(origin)
    }
    expect(running.printed()).toMatch(/origins\s+http:\/\/localhost:3000, http:\/\/localhost:3001, /)
    // To kill npm would leave the server running.
    expect(await running.end("SIGTERM")).toBe(0)
    running = undefined
  })

  it(`has every answered room change after kill -9, ${kills} times`, { timeout: 90_000 + kills * 20_000 }, async () => {
    const rooms: { code: string; host: string; guest?: string; totalBytes?: number }[] = []
    for (let round = 0; round < kills; round++) {
      running = await startProcess({ DATA_DIR: directory })
      const { http } = running
      // Changes go on until the kill cuts one off; only what was answered is remembered.
      const worker = async () => {
        for (;;) {
          const created = await post(`${http}/api/rooms`, { name: "Host" })
          const room: (typeof rooms)[number] = { code: created.body.roomCode, host: created.body.self.participantId }
          rooms.push(room)
          const joined = await post(`${http}/api/rooms/${room.code}/join`, { name: "Guest" })
          room.guest = joined.body.self.participantId
          const totalBytes = rooms.length
          await post(`${http}/api/rooms/${room.code}/participants/${room.guest}/ready`, { fileCount: 1, totalBytes })
          room.totalBytes = totalBytes
        }
      }
      const before = rooms.length
      const workers = [worker(), worker(), worker()].map((work) => work.catch(() => {}))
      await expect.poll(() => rooms.length, { timeout: 40_000 }).toBeGreaterThan(before + 5 + ((round * 17) % 40))
      await running.kill()
      await Promise.all(workers)
    }
    running = await startProcess({ DATA_DIR: directory })
    for (const { code, host, guest, totalBytes } of rooms) {
      const { status, body } = await summaryOf(running.http, code, host)
      expect(status, code).toBe(200)
      if (guest !== undefined) expect(body.peer, code).not.toBeNull()
      if (totalBytes !== undefined) expect(body.peer.totalBytes, code).toBe(totalBytes)
    }
    console.log(`${kills} kills, ${rooms.length} rooms: every answered change was there afterwards`)
  })
})

describeOnPostgres("servers on PostgreSQL", () => {
  const url = useDatabase()
  const running: ServerProcess[] = []

  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.kill()))
  })

  const start = async (environment: Readonly<Record<string, string>> = {}) => {
    const server = await startProcess({ DATABASE_URL: url, ...environment })
    running.push(server)
    return server
  }

  it("start in production, demand an origin there, and have what was answered after kill -9", async () => {
    const first = await start({ NODE_ENV: "production" })
    await expect(connect(first.ws)).rejects.toThrow()
    await (await connect(first.ws, { origin: "https://dropsilk.xyz" })).close()
    const { body } = await post(`${first.http}/api/rooms`, { name: "Host" })
    await post(`${first.http}/api/rooms/${body.roomCode}/participants/${body.self.participantId}/ready`, {
      fileCount: 3
    })
    await first.kill()
    const second = await start()
    const after = await summaryOf(second.http, body.roomCode, body.self.participantId)
    expect(after.body.self).toMatchObject({ ready: true, fileCount: 3 })
  })

  it("two on one database admit one guest between them, and see each other's changes when they write", async () => {
    const [one, other] = [await start(), await start()]
    for (let round = 0; round < 10; round++) {
      const { body } = await post(`${one.http}/api/rooms`, { name: "Host" })
      const code = body.roomCode as string
      const host = body.self.participantId as string
      // Both know the room, with an empty guest seat.
      expect((await summaryOf(other.http, code, host)).body.status).toBe("waiting")
      // Of different names: the same from the same address would be one person whose page was loaded again.
      const joins = await Promise.all(
        [one, other].map(({ http }, at) => post(`${http}/api/rooms/${code}/join`, { name: `Guest ${at}` }))
      )
      expect(joins.map(({ status }) => status).sort()).toEqual([200, 400])
      expect(joins.find(({ status }) => status === 400)?.body).toEqual({ error: "Room already has two participants" })
      const guest = joins.find(({ status }) => status === 200)?.body.self.participantId
      // Either server changes the room next without losing what the other wrote.
      await Promise.all([
        post(`${one.http}/api/rooms/${code}/participants/${host}/ready`, { fileCount: 1 }),
        post(`${other.http}/api/rooms/${code}/participants/${guest}/ready`, { fileCount: 2 })
      ])
      const { rows } = await withClient(url, (client) =>
        client.query("select host_file_count, guest_file_count, guest_participant_id from rooms where room_code = $1", [
          code
        ])
      )
      expect(rows).toEqual([{ host_file_count: 1, guest_file_count: 2, guest_participant_id: guest }])
    }
  })
})
