/** The examples of docs/client.md, as they stand there. */
import { readFileSync } from "node:fs"
import { describe, expect, it, onTestFinished } from "vitest"
import { createTower, isTowerError, type TowerOptions } from "../../src/client/index.ts"
import { useServer } from "../support/useServer.ts"
import { RTCPeerConnection } from "./towers.ts"

const text = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8")
const snippets = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<void>

describe("the examples of docs/client.md", () => {
  const server = useServer()

  /** Runs the snippet that contains this; resolves with what it has printed, which grows. */
  const run = (containing: string, code = "") => {
    const printed: string[] = []
    const snippet = snippets.find((each) => each.includes(containing)) as string
    const here = ({ url: _, ...options }: TowerOptions) => {
      const tower = createTower({ ...options, url: server.http, RTCPeerConnection })
      onTestFinished(() => tower.close())
      return tower
    }
    const body = snippet.replace(/^import .*\n/m, "")
    const console = { log: (line: string) => printed.push(line) }
    const ended = new AsyncFunction("createTower", "isTowerError", "console", "code", body)(
      here,
      isTowerError,
      console,
      code
    )
    return { printed, ended }
  }
  const codeIn = async (printed: readonly string[]) => {
    await expect.poll(() => printed.length).toBeGreaterThan(0)
    return /\w{6}$/.exec(printed[0] as string)?.[0] as string
  }

  it("meet in a flight", async () => {
    const one = run("Join me")
    const other = run("joinFlight(code)", await codeIn(one.printed))
    await Promise.all([one.ended, other.ended])
    await expect.poll(() => one.printed.at(-1)).toBe("Grace says: Hello from Grace.")
    await expect.poll(() => other.printed.at(-1)).toBe("Ada says: Hello from Ada.")
  })

  it("wait in a room for whoever comes", async () => {
    const one = run("room.watch()")
    const tower = createTower({ url: server.http, name: "Grace", RTCPeerConnection })
    onTestFinished(() => tower.close())
    const { channel } = await (await tower.joinRoom(await codeIn(one.printed))).connect()
    const heard = new Promise((resolve) =>
      channel.addEventListener("message", ({ data }: { data: string }) => resolve(data))
    )
    await one.ended
    expect(await heard).toBe("Hello, room.")
    expect(one.printed.at(-1)).toBe("Grace is here.")
  })

  it("invite whoever is on the network", async () => {
    // Those of the tests before have gone.
    await expect.poll(() => server.actors()).toMatchObject({ connections: 0 })
    const other = run(`on("invitation"`)
    await other.ended
    const one = run("tower.invite(")
    await one.ended
    expect(one.printed).toEqual(["Invited Grace."])
    await expect
      .poll(() => other.printed)
      .toEqual(["Ada invites me.", expect.stringMatching(/^Ada and I are in \w{6}\.$/)])
  })

  it("tell errors by name", async () => {
    const { printed, ended } = run("isTowerError(error,")
    await ended
    expect(printed).toEqual(["RoomNotFound: Room not found or expired"])
  })
})
