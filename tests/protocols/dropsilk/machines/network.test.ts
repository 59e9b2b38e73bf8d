import { describe, expect, it } from "vitest"
import { createActor } from "xstate"
import { listSizes } from "../../../../src/io/dropsilk/sockets/frames.ts"
import { networkMachine } from "../../../../src/machines/dropsilk/network/network.ts"

const people = ["ann", "bob", "cid", "dan"]

describe("the lists of a network that is sent one a turn", () => {
  it("go to one after the other, however much is new all the time", () => {
    const served: string[] = []
    const network = createActor(
      networkMachine.provide({
        actions: { sendLists: (_, { toVisible }) => void served.push(...toVisible) }
      }),
      {
        input: {
          group: "192.0.2.1",
          listBytesPerSecond: 1_000_000,
          listRoundMs: 3_500,
          listTurnBytes: 1,
          ...listSizes,
          crowd: 0
        }
      }
    ).start()
    const turn = () => network.send({ type: "deadline", at: 0 })

    for (const id of people) {
      network.send({ type: "network.enter", client: { id, name: id, presence: "visible" } })
    }
    // Everybody waits behind a crowd of none but the first, whose list is empty. Then each turn finds another name.
    for (let at = 0; at < 3 * people.length; at++) {
      network.send({ type: "network.rename", id: "dan", name: `dan ${at}` })
      turn()
    }
    const rounds = [0, 1, 2].map((round) => served.slice(1 + round * 4, 5 + round * 4))
    expect(served[0]).toBe("ann")
    // Newcomers first, then who has waited longest; what dan is called changes nobody's list but the others'.
    expect(rounds).toEqual([
      ["bob", "cid", "dan", "ann"],
      ["bob", "cid", "ann", "bob"],
      ["cid", "ann", "bob", "cid"]
    ])
  })
})
