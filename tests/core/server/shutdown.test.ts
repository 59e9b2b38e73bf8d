import { describe, expect, it } from "vitest"
import { connect, meetInFlight } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"

const farewell = { type: "server-shutdown", message: "Server is shutting down for maintenance." }

describe("a shutdown", () => {
  const server = useServer()

  it("tells a crowd a few at a time, and whoever has not been told yet is served until then", async () => {
    const crowd = await Promise.all(
      Array.from({ length: 200 }, (_, index) => connect(server.ws, { from: `203.0.${index}.1` }))
    )
    const [ann, bob] = [await connect(server.ws), await connect(server.ws)]
    await meetInFlight(ann, bob)

    const everybody = [...crowd, ann, bob]
    const codes = Promise.all(everybody.map((client) => client.closed()))
    const stopped = server.stop()
    await crowd[0]?.until("server-shutdown")
    ann.send({ type: "signal", data: "still here" })
    // Before the last word, or it would never come.
    expect(await bob.until("signal")).toEqual({ type: "signal", data: "still here" })
    expect(bob.unread()).toEqual([])

    expect(new Set(await codes)).toEqual(new Set([1001]))
    for (const client of everybody)
      expect(client.frames.filter(({ type }) => type === "server-shutdown")).toEqual([farewell])
    await stopped
  })
})
