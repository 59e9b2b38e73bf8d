import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { allowedOrigin, startServer, type StartedServer } from "./startedServer.ts"

describe("a poll written as clients write it", () => {
  let started: StartedServer
  let code: string
  beforeAll(async () => {
    started = await startServer()
    code = (await started.post("/api/rooms", { name: "Änn" })).json.roomCode
  })
  afterAll(() => started.stop())

  // In lower case the same room is asked through the routes.
  const both = (participantId: string) =>
    Promise.all(
      [code, code.toLowerCase()].map(async (written) => {
        const path = `/api/rooms/${written}?participantId=${participantId}`
        const { status, headers, text } = await started.get(path, { origin: allowedOrigin })
        const { date: _, ...rest } = headers
        return { status, headers: rest, text: text.replace(/"expiresAt":"[^"]*"/, "") }
      })
    )

  test.each([
    ["the participant", "participant1", undefined, 200],
    ["a stranger", "strangerrrrr", undefined, 404],
    ["the participant while rooms cannot be reached", "participant1", "unavailable", 503],
    ["the participant while the server has a fault", "participant1", "fault", 500]
  ] as const)("is answered like any other: %s", async (_, participantId, failure, status) => {
    started.faults.length = 0
    if (failure !== undefined) started.desk.failWith(failure)
    const [plain, other] = await both(participantId)
    expect(plain?.status).toBe(status)
    expect(plain).toEqual(other)
    expect(started.faults).toHaveLength(failure === "fault" ? 2 : 0)
  })
})
