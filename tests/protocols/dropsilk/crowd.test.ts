import { beforeAll, describe, expect, it } from "vitest"
import type { Frame, TestClient } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"

/** As many units as a name may have, of three bytes each: lists of so many are too long for all to get one in time. */
const nameOf = (index: number): string => `人${String(index).padStart(3, "0")}`.padEnd(50, "人")
const from = "10.9.8.7"
const size = 180

const namesIn = (frame: Frame): readonly string[] => frame["users"].map(({ name }: { name: string }) => name)

describe("a crowd on one network", () => {
  const server = useServer()
  const crowd: TestClient[] = []
  beforeAll(async () => {
    for (let index = 0; index < size; index++) {
      const client = await server.connect({ from })
      client.send({ type: "register-details", name: nameOf(index) })
      crowd.push(client)
    }
    const last = nameOf(size - 1)
    await Promise.all(crowd.slice(0, -1).map((client) => client.list((names) => names.includes(last))))
  }, 60_000)

  it("is shown to a newcomer at once, cut to those who came last, in order of connection", async () => {
    const newcomer = await server.connect({ from })
    const names = await newcomer.list()
    expect(names.length).toBeGreaterThan(50)
    expect(names.length).toBeLessThan(size)
    expect(names).toEqual(crowd.slice(-names.length).map((_, index) => nameOf(size - names.length + index)))
    await newcomer.close()
  })

  it("is told of who comes, who takes another name and who goes, all of it and in bounded frames", async () => {
    const others = crowd.slice(1)
    const newcomer = await server.connect({ from })
    newcomer.send({ type: "register-details", name: "Newcomer" })
    // Whoever came first is not shown any more, until there is something new.
    crowd[0]?.send({ type: "register-details", name: "Oldest" })
    const both = (names: readonly string[]) => names.includes("Newcomer") && names[0] === "Oldest"
    await Promise.all(others.map((client) => client.list(both)))
    const gone = Promise.all(crowd.map((client) => client.list((names) => !names.includes("Newcomer"))))
    await newcomer.close()
    await gone
    const lists = others.flatMap(({ frames }) => frames.filter(({ type }) => type === "users-on-network-update"))
    expect(Math.max(...lists.map((frame) => namesIn(frame).length))).toBeLessThan(size)
  }, 60_000)
})
