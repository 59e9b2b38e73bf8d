import { describe, expect, it } from "vitest"
import { waysToPaste } from "../../support/pastedCodes.ts"
import type { ConnectOptions, TestClient } from "../../support/server.ts"
import { useClients, useServer } from "../../support/useServer.ts"

describe("flights", () => {
  const server = useServer()
  const open = useClients(server)

  const flightOf = async (creator: TestClient): Promise<string> => {
    creator.send({ type: "create-flight" })
    return (await creator.next())["flightCode"]
  }

  const pair = async (first?: ConnectOptions, second?: ConnectOptions) => {
    const [one, other] = [await open(first), await open(second)]
    const code = await flightOf(one)
    other.send({ type: "join-flight", flightCode: code })
    const [toOne, toOther] = [await one.next(), await other.next()]
    // The lists that they get with it have come.
    await Promise.all([one.settled(), other.settled()])
    return { one, other, code, toOne, toOther }
  }

  it("greets with an id of ten characters and an empty list", async () => {
    const client = await open()
    expect(client.id).toMatch(/^[0-9a-z]{10}$/)
    expect(await client.next({ lists: true })).toEqual({ type: "users-on-network-update", users: [] })
  })

  it("opens a flight, seats the second client and tells both of each other", async () => {
    const { one, other, code, toOne, toOther } = await pair()
    expect(code).toMatch(/^[ABCDEFGHJKLMNPQRSTUVWXYZ23456789]{6}$/)
    expect(toOne).toEqual({
      type: "peer-joined",
      flightCode: code,
      peer: { id: other.id, name: "Anonymous" },
      connectionType: "lan"
    })
    expect(toOther["peer"]).toEqual({ id: one.id, name: "Anonymous" })
  })

  it("writes keys in the order of the protocol page", async () => {
    const { one, other, code } = await pair()
    expect(one.texts.at(-1)).toMatch(/^\{"type":"users-on-network-update","users":\[\]\}$|^\{"type":"peer-joined"/)
    expect(other.texts.find((text) => text.includes("peer-joined"))).toBe(
      `{"type":"peer-joined","flightCode":"${code}","peer":{"id":"${one.id}","name":"Anonymous"},"connectionType":"lan"}`
    )
  })

  it("accepts codes in any letter case and with white space around them", async () => {
    const [one, other] = [await open(), await open()]
    const code = await flightOf(one)
    other.send({ type: "join-flight", flightCode: `  ${code.toLowerCase()}\n` })
    expect((await other.next()).type).toBe("peer-joined")
  })

  it.each(Object.entries(waysToPaste))("accepts codes pasted %s", async (_, paste) => {
    const [one, other] = [await open(), await open()]
    const code = await flightOf(one)
    other.send({ type: "join-flight", flightCode: paste(code) })
    expect(await other.next()).toMatchObject({ type: "peer-joined", flightCode: code })
  })

  it("refuses a third client, an unknown code, and a second flight for one client", async () => {
    const { one, code } = await pair()
    const third = await open()
    third.send({ type: "join-flight", flightCode: code })
    expect(await third.next()).toEqual({ type: "error", message: "Flight not found or full" })
    third.send({ type: "join-flight", flightCode: "ZZZZZZ" })
    expect(await third.next()).toEqual({ type: "error", message: "Flight not found or full" })
    one.send({ type: "create-flight" })
    expect(await one.next()).toEqual({ type: "error", message: "Already in a flight" })
    one.send({ type: "join-flight", flightCode: "ZZZZZZ" })
    expect(await one.next()).toEqual({ type: "error", message: "Already in a flight" })
  })

  it("passes signals in order, whatever their data, and nothing but data", async () => {
    const { one, other } = await pair()
    const data = [{ sdp: "v=0" }, null, false, 0, "", [1, [2]], { a: { b: "\u2028 ünï" } }]
    for (const each of data) one.send({ type: "signal", data: each })
    for (const each of data) expect(await other.next()).toEqual({ type: "signal", data: each })
    one.send(`{"type":"signal","data":{"x":1.0, "y":1e3},"secret":"for nobody"}`)
    expect(await other.next()).toEqual({ type: "signal", data: { x: 1, y: 1000 } })
    expect(other.texts.at(-1)).toBe(`{"type":"signal","data":{"x":1.0, "y":1e3}}`)
  })

  it("forwards the very bytes of a frame that is exactly type and data", async () => {
    const { one, other } = await pair()
    for (const frame of [
      `{"type":"signal","data":{"x":1.0, "y": 1e3, "big": 12345678901234567890}}`,
      `{ "type" : "signal" , "data" : [ 1 ] }`
    ]) {
      one.send(frame)
      await other.next()
      expect(other.texts.at(-1)).toBe(frame)
    }
  })

  it("forwards nothing that JSON.parse refuses, such as a frame with a byte order mark", async () => {
    const { one, other } = await pair()
    one.send(`\uFEFF{"type":"signal","data":1}`)
    expect(await one.next()).toEqual({ type: "error", message: "Invalid message format" })
    one.send(`{"type":"signal","data":2}`)
    expect(await other.next()).toEqual({ type: "signal", data: 2 })
  })

  it("lets no second key hide in a frame that looks plain", async () => {
    const { one, other } = await pair()
    one.send(`{"type":"signal","data":1,"data":2}`)
    await other.next()
    expect(other.texts.at(-1)).toBe(`{"type":"signal","data":2}`)
    one.send(`{"type":"signal","data":1,"x":{"y":2}}`)
    await other.next()
    expect(other.texts.at(-1)).toBe(`{"type":"signal","data":1}`)
    one.send(`{"type":"signal","data":{"__proto__":{"a":1}},"__proto__":{"b":2}}`)
    await other.next()
    expect(other.texts.at(-1)).toBe(`{"type":"signal","data":{"__proto__":{"a":1}}}`)
    one.send(`{"type":"signal","data":"}","type":"create-flight"}`)
    expect(await one.next()).toEqual({ type: "error", message: "Already in a flight" })
  })

  it("reads a binary frame like a text frame and answers in text", async () => {
    const { one, other } = await pair()
    const binary = new Promise<boolean>((resolve) => other.socket.once("message", (_, isBinary) => resolve(isBinary)))
    one.send(Buffer.from(`{"type":"signal","data":"ü"}`))
    expect(await other.next()).toEqual({ type: "signal", data: "ü" })
    expect(await binary).toBe(false)
    one.send(Buffer.from([0xff, 0xfe]))
    expect(await one.next()).toEqual({ type: "error", message: "Invalid message format" })
  })

  it("drops signals of a client without a peer silently", async () => {
    const client = await open()
    client.send({ type: "signal", data: 1 })
    await client.settled()
    expect(client.unread()).toEqual([])
    await flightOf(client)
    client.send({ type: "signal", data: 1 })
    await client.settled()
    expect(client.unread()).toEqual([])
  })

  it("answers a ping with a pong, in its turn, and tells nobody else", async () => {
    const { one, other } = await pair()
    one.send({ type: "register-details" })
    one.send({ type: "ping", data: "no part of it" })
    one.send({ type: "no-such-frame" })
    one.send({ type: "ping" })
    const answers = [await one.next(), await one.next(), await one.next(), await one.next()]
    expect(answers.map(({ type, message }) => message ?? type)).toEqual([
      "Invalid message payload",
      "pong",
      "Unknown message type",
      "pong"
    ])
    expect(one.texts.at(-1)).toBe(`{"type":"pong"}`)
    one.send({ type: "signal", data: "after it" })
    expect(await other.next()).toEqual({ type: "signal", data: "after it" })
    expect(other.unread()).toEqual([])
  })

  it("keeps who stays in the flight, and lets a third one in", async () => {
    const { one, other, code } = await pair()
    await other.close()
    expect(await one.next()).toEqual({ type: "peer-left" })
    one.send({ type: "create-flight" })
    expect(await one.next()).toEqual({ type: "error", message: "Already in a flight" })
    const third = await open()
    third.send({ type: "join-flight", flightCode: code })
    expect((await third.next())["peer"]).toEqual({ id: one.id, name: "Anonymous" })
    expect((await one.next())["peer"]["id"]).toBe(third.id)
    third.send({ type: "signal", data: "hello" })
    expect(await one.next()).toEqual({ type: "signal", data: "hello" })
  })

  it("ends a flight without members", async () => {
    const { one, other, code } = await pair()
    await Promise.all([one.close(), other.close()])
    const third = await open()
    third.send({ type: "join-flight", flightCode: code })
    expect(await third.next()).toEqual({ type: "error", message: "Flight not found or full" })
  })

  it("introduces a client by the name it has when the peer comes, and tells the partner of no later one", async () => {
    const [one, other] = [await open(), await open()]
    const code = await flightOf(one)
    one.send({ type: "register-details", name: "  Späť 🚀 <b>x</b>  " })
    await one.settled()
    other.send({ type: "join-flight", flightCode: code })
    expect((await other.next())["peer"]["name"]).toBe("Späť 🚀 <b>x</b>")
    await one.next()
    one.send({ type: "register-details", name: "Later" })
    await one.settled()
    await other.settled()
    expect(other.unread()).toEqual([])
  })

  it("says wan between different public addresses, lan on one network", async () => {
    const far = await pair({ from: "203.0.113.7" }, { from: "198.51.100.9" })
    expect(far.toOne["connectionType"]).toBe("wan")
    const near = await pair({ from: "192.168.1.20" }, { from: "192.168.1.30" })
    expect(near.toOther["connectionType"]).toBe("lan")
    const home = await pair({ from: "2606:4700:1:2::9" }, { from: "2606:4700:1:2:aaaa:bbbb:cccc:dddd" })
    expect(home.toOne["connectionType"]).toBe("lan")
    const street = await pair({ from: "2606:4700:1:2::9" }, { from: "2606:4700:1:3::9" })
    expect(street.toOther["connectionType"]).toBe("wan")
  })

  describe("errors", () => {
    const cases: readonly [name: string, frame: string, message: string][] = [
      ["text that is not JSON", "hello", "Invalid message format"],
      ["an empty frame", "", "Invalid message format"],
      ["null", "null", "Invalid message format"],
      ["a string", `"register-details"`, "Invalid message format"],
      ["an array", "[]", "Invalid message format"],
      ["no type", `{"name":"x"}`, "Invalid message format"],
      ["a type that is no string", `{"type":1}`, "Invalid message format"],
      ["a type from the prototype", `{"type":"constructor"}`, "Unknown message type"],
      ["a type called __proto__", `{"type":"__proto__"}`, "Unknown message type"],
      ["an unknown type", `{"type":"leave-flight"}`, "Unknown message type"],
      ["a missing name", `{"type":"register-details"}`, "Invalid message payload"],
      ["a blank name", `{"type":"register-details","name":"   "}`, "Invalid message payload"],
      [
        "a name of 51 units",
        JSON.stringify({ type: "register-details", name: "x".repeat(51) }),
        "Invalid message payload"
      ],
      ["a code of five units", `{"type":"join-flight","flightCode":"ABCDE"}`, "Invalid message payload"],
      ["a code that is a number", `{"type":"join-flight","flightCode":123456}`, "Invalid message payload"],
      ["no data", `{"type":"signal"}`, "Invalid message payload"],
      [
        "an unknown channel",
        `{"type":"attach-room","roomCode":"ABCDEF","participantId":"x","channel":"video"}`,
        "Invalid message payload"
      ],
      [
        "an id of 65 units",
        JSON.stringify({ type: "attach-room", roomCode: "ABCDEF", participantId: "x".repeat(65) }),
        "Invalid message payload"
      ],
      [
        "an invitation without an invitee",
        `{"type":"invite-to-flight","flightCode":"ABCDEF"}`,
        "Invalid message payload"
      ],
      [
        "a room nobody knows",
        `{"type":"attach-room","roomCode":"ABCDEF","participantId":"x"}`,
        "Room not found or expired"
      ],
      [
        "a room code with NUL",
        `{"type":"attach-room","roomCode":"AB\\u0000DEF","participantId":"x"}`,
        "Room not found or expired"
      ]
    ]
    it.each(cases)("%s is answered by name and the connection stays", async (_, frame, message) => {
      const client = await open()
      client.send(frame)
      expect(await client.next()).toEqual({ type: "error", message })
      client.send({ type: "create-flight" })
      expect((await client.next()).type).toBe("flight-created")
    })

    it("takes the last of equal keys and ignores unknown ones", async () => {
      const client = await open()
      const neighbour = await open()
      client.send(`{"type":"nonsense","name":"first","localIp":"unknown","name":"second","type":"register-details"}`)
      expect(await neighbour.list((names) => names.includes("second"))).toEqual(["second"])
      await client.settled()
      expect(client.unread()).toEqual([])
    })

    it("survives a mebibyte of brackets, and closes at one byte more than a mebibyte", async () => {
      const client = await open()
      client.send("[".repeat(1024 * 1024))
      expect(await client.next()).toEqual({ type: "error", message: "Invalid message format" })
      const deep = 300_000
      client.send(`{"type":"x","data":${"[".repeat(deep)}${"]".repeat(deep)}}`)
      expect(await client.next()).toEqual({ type: "error", message: "Unknown message type" })
      client.send(`{"data":${"[".repeat(deep)}${"]".repeat(deep)},"type":"signal"}`)
      await client.settled()
      expect(client.unread()).toEqual([])
      const closed = client.closed()
      client.send(" ".repeat(1024 * 1024 + 1))
      expect(await closed).toBe(1009)
    })

    it("answers ten thousand frames in a burst, in order", async () => {
      const { one, other } = await pair()
      for (let index = 0; index < 10_000; index++) one.send(`{"type":"signal","data":${index}}`)
      for (let index = 0; index < 10_000; index++) expect((await other.next())["data"]).toBe(index)
    })
  })
})
