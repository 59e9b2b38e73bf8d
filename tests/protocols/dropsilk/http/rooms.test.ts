import { describe, expect, test } from "vitest"
import { aliasOf } from "../../../../src/io/dropsilk/identities.ts"
import { useHttp } from "../../../support/httpClient.ts"
import { codesOfNobody, noCodes, waysToPaste } from "../../../support/pastedCodes.ts"

const started = useHttp()

/** A fresh room with a host, and a guest if wanted. */
const room = async (withGuest = true) => {
  const host = (await started.post("/api/rooms", { name: "Host" })).json
  const guest = withGuest ? (await started.post(`/api/rooms/${host.roomCode}/join`, { name: "Guest" })).json : undefined
  const code: string = host.roomCode
  const hostId: string = host.self.participantId
  const guestId: string = guest?.self.participantId
  const act = (id: string, what: string, body?: unknown) =>
    started.post(`/api/rooms/${code}/participants/${id}/${what}`, body)
  const poll = (id: string) => started.get(`/api/rooms/${code}?participantId=${id}`)
  return { code, hostId, guestId, act, poll }
}

describe("a room", () => {
  test("is created with a 201 and a summary whose keys come in the known order", async () => {
    const answer = await started.post("/api/rooms", { name: "  Ada <b>  " })
    expect(answer.status).toBe(201)
    expect(answer.headers["content-type"]).toBe("application/json")
    const { roomCode, expiresAt, self } = answer.json
    expect(new Date(expiresAt).toISOString()).toBe(expiresAt)
    expect(answer.text).toBe(
      `{"roomCode":"${roomCode}","status":"waiting","shouldConnect":false,"expiresAt":"${expiresAt}",` +
        `"self":{"participantId":"${self.participantId}","role":"host","name":"Ada <b>","ready":false,` +
        `"fileCount":0,"totalBytes":0},"peer":null,"screenShare":{"activeParticipantId":null,` +
        `"requestedBySelf":false,"requestedByPeer":false,"isActive":false},"chat":{"requestedBySelf":false,` +
        `"requestedByPeer":false,"isActive":false}}`
    )
  })

  test("is joined with a 200, and each side sees the other by its alias, never by its id", async () => {
    const host = (await started.post("/api/rooms", { name: "Host" })).json
    const joined = await started.post(`/api/rooms/${host.roomCode.toLowerCase()}/join`, { name: "Guest" })
    expect(joined.status).toBe(200)
    expect(joined.json).toMatchObject({ status: "paired", shouldConnect: false, self: { role: "guest" } })
    expect(joined.json.peer).toMatchObject({ role: "host", name: "Host" })
    expect(joined.text).not.toContain(host.self.participantId)
    expect(joined.json.peer.participantId).toBe(aliasOf(host.roomCode, host.self.participantId))
  })

  test("that is unknown or full cannot be joined", async () => {
    const unknown = await started.post("/api/rooms/ZZZZZZ/join", { name: "A" })
    expect([unknown.status, unknown.text]).toEqual([400, '{"error":"Room not found or expired"}'])
    const { code } = await room()
    const full = await started.post(`/api/rooms/${code}/join`, { name: "A" })
    expect([full.status, full.text]).toEqual([400, '{"error":"Room already has two participants"}'])
  })

  test("answers 404 to everybody who is not in it", async () => {
    const { act, poll } = await room()
    const answers = [
      await poll("stranger"),
      await act("stranger", "ready", {}),
      await act("stranger", "screen-share", { active: true }),
      await act("stranger", "chat", { active: true }),
      await started.get("/api/rooms/ZZZZZZ?participantId=x")
    ]
    for (const { status, text } of answers) {
      expect([status, text]).toEqual([404, '{"error":"Room not found or participant is not part of it."}'])
    }
  })

  test("tells both to connect once either side is ready, with the files on offer", async () => {
    const { hostId, guestId, act, poll } = await room()
    const offered = await act(guestId, "ready", { fileCount: 2, totalBytes: 9007199254740991 })
    expect(offered.status).toBe(200)
    expect(offered.json).toMatchObject({ status: "ready", shouldConnect: true, self: { ready: true, fileCount: 2 } })
    expect((await poll(hostId)).json).toMatchObject({
      status: "ready",
      shouldConnect: true,
      self: { ready: false },
      peer: { ready: true, fileCount: 2, totalBytes: 9007199254740991 }
    })
  })

  test("does not tell a ready host to connect while nobody is there", async () => {
    const { hostId, act } = await room(false)
    expect((await act(hostId, "ready")).json).toMatchObject({
      status: "waiting",
      shouldConnect: false,
      self: { ready: true, fileCount: 0, totalBytes: 0 }
    })
  })

  test("has one shared screen at a time", async () => {
    const { code, hostId, guestId, act, poll } = await room()
    const shared = await act(hostId, "screen-share", { active: true })
    expect([shared.status, shared.json.screenShare]).toEqual([
      200,
      { activeParticipantId: hostId, requestedBySelf: true, requestedByPeer: false, isActive: true }
    ])
    expect((await poll(guestId)).json.screenShare).toEqual({
      activeParticipantId: aliasOf(code, hostId),
      requestedBySelf: false,
      requestedByPeer: true,
      isActive: true
    })
    const refused = await act(guestId, "screen-share", { active: true })
    expect([refused.status, refused.text]).toEqual([400, '{"error":"Peer is already screen sharing"}'])
    expect((await act(hostId, "screen-share", { active: false })).json.screenShare.isActive).toBe(false)
    expect((await act(guestId, "screen-share", { active: true })).status).toBe(200)
  })

  test("shows a chat as active when either side has asked for it", async () => {
    const { hostId, guestId, act, poll } = await room()
    expect((await act(guestId, "chat", { active: true })).json.chat).toEqual({
      requestedBySelf: true,
      requestedByPeer: false,
      isActive: true
    })
    expect((await poll(hostId)).json.chat).toEqual({ requestedBySelf: false, requestedByPeer: true, isActive: true })
    expect((await act(guestId, "chat", { active: false })).json.chat.isActive).toBe(false)
  })

  test("finds its code in any letter case, with blanks around it, and percent-encoded", async () => {
    const { code, hostId } = await room()
    const encoded = [...code].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join("")
    for (const written of [code.toLowerCase(), `%20${code}%09`, encoded, `${encoded.slice(0, 3)}${code.slice(1)}`]) {
      const answer = await started.get(`/api/rooms/${written}?participantId=%20${hostId}+`)
      expect([written, answer.status, answer.json.roomCode]).toEqual([written, 200, code])
    }
  })

  test.each(Object.entries(waysToPaste))("finds its code pasted %s", async (_, paste) => {
    const { code, hostId } = await room(false)
    const path = `/api/rooms/${encodeURIComponent(paste(code))}`
    const joined = await started.post(`${path}/join`, { name: "Guest" })
    expect([joined.status, joined.json.roomCode]).toEqual([200, code])
    const polled = await started.get(`${path}?participantId=${hostId}`)
    expect([polled.status, polled.json.roomCode]).toEqual([200, code])
    for (const [what, body] of [
      ["ready", {}],
      ["chat", { active: true }],
      ["screen-share", { active: true }]
    ] as const) {
      expect((await started.post(`${path}/participants/${hostId}/${what}`, body)).json.roomCode).toBe(code)
    }
  })

  test.each(noCodes.filter((text) => text !== "" && text.length < 100))(
    "is not found under %j, which is no code",
    async (written) => {
      const answer = await started.post(`/api/rooms/${encodeURIComponent(written)}/join`, { name: "Guest" })
      expect([answer.status, answer.json.issues]).toEqual([400, ["roomCode: must be exactly 6 characters"]])
    }
  )

  test.each(codesOfNobody)("is not found under %j, which is nobody's", async (written) => {
    const answer = await started.post(`/api/rooms/${encodeURIComponent(written)}/join`, { name: "Guest" })
    expect([answer.status, answer.json]).toEqual([400, { error: "Room not found or expired" }])
  })

  test("is polled with HEAD like with GET, without the body", async () => {
    const { code, hostId } = await room()
    const path = `/api/rooms/${code}?participantId=${hostId}`
    const [got, headed] = [await started.send("GET", path), await started.send("HEAD", path)]
    expect([headed.status, headed.text]).toEqual([200, ""])
    expect(headed.headers["content-length"]).toBe(got.headers["content-length"])
    expect(headed.headers["content-type"]).toBe(got.headers["content-type"])
  })
})

describe("a body", () => {
  test.each([
    [3, 3],
    ["3", 3],
    [" 3 ", 3],
    ["1e3", 1000],
    ["0x10", 16],
    [true, 1],
    [false, 0],
    [null, 0],
    ["", 0],
    [-0, 0],
    [2147483647, 2147483647]
  ])("may count its files as %j, which means %i", async (written, means) => {
    const { hostId, act } = await room()
    const answer = await act(hostId, "ready", { fileCount: written })
    expect([answer.status, answer.json.self?.fileCount]).toEqual([200, means])
  })

  test("keeps 2^53-1 bytes exact, also as a string", async () => {
    const { hostId, act } = await room()
    expect((await act(hostId, "ready", { totalBytes: "9007199254740991" })).text).toContain(
      '"totalBytes":9007199254740991'
    )
  })

  test.each([
    ["fileCount", -1],
    ["fileCount", 1.5],
    ["fileCount", 2147483648],
    ["fileCount", "three"],
    ["fileCount", "1e999"],
    ["fileCount", []],
    ["fileCount", [3]],
    ["fileCount", {}],
    ["totalBytes", -1],
    ["totalBytes", 0.5],
    ["totalBytes", 9007199254740992],
    ["totalBytes", "1\u0000"],
    ["totalBytes", { valueOf: 1 }]
  ])("is refused when %s is %j", async (field, written) => {
    const { hostId, act } = await room()
    const answer = await act(hostId, "ready", { [field]: written })
    expect(answer.status).toBe(400)
    expect(answer.json.error).toBe("Invalid request")
    expect(answer.json.issues).toHaveLength(1)
    expect(answer.json.issues[0]).toMatch(new RegExp(`^${field}: `))
  })

  test("with a number too great for JavaScript is refused", async () => {
    const { hostId, act } = await room()
    expect((await act(hostId, "ready", '{"fileCount":1e400}')).json.issues).toEqual(["fileCount: must be a number"])
  })

  test("has all its faults listed", async () => {
    const { hostId, act } = await room()
    expect((await act(hostId, "ready", { fileCount: -1, totalBytes: "x" })).json).toEqual({
      error: "Invalid request",
      issues: ["fileCount: must not be negative", "totalBytes: must be a number"]
    })
  })

  test.each([
    ["no name", {}],
    ["a blank name", { name: " \t " }],
    ["51 units", { name: "n".repeat(51) }],
    ["26 astral letters, which are 52 units", { name: "😀".repeat(26) }],
    ["a number", { name: 7 }],
    ["null", { name: null }],
    ["a NUL character", { name: "a\u0000b" }],
    ["a name in the prototype only", '{"__proto__":{"name":"Eve"}}']
  ])("with %s as a name creates no room", async (_, body) => {
    const before = started.actors().rooms
    const answer = await started.post("/api/rooms", body)
    expect([answer.status, answer.json.error]).toEqual([400, "Invalid request"])
    expect(answer.json.issues).toEqual([expect.stringMatching(/^name: /)])
    expect(started.actors().rooms).toBe(before)
  })

  test("may have a name of 50 units, fields nobody knows, and a __proto__", async () => {
    const name = "😀".repeat(25)
    const answer = await started.post("/api/rooms", `{"name":"${name}","extra":[1],"__proto__":{"x":1}}`)
    expect([answer.status, answer.json.self.name]).toEqual([201, name])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test("has its lone surrogates replaced, so that the name is text", async () => {
    const answer = await started.post("/api/rooms", '{"name":"a\\ud800b"}')
    expect([answer.status, answer.json.self.name]).toEqual([201, "a\ufffdb"])
  })

  test.each(["null", "[]", '"text"', "7", "true"])("of %s is no object", async (body) => {
    expect(await started.post("/api/rooms", body)).toMatchObject({
      status: 400,
      json: { error: "Invalid request", issues: ["request: must be a JSON object"] }
    })
  })

  test.each(["{", " ", "{'name':1}", '{"name":"A"}}', "undefined"])("of %j is no JSON, and not a 500", async (body) => {
    expect(await started.post("/api/rooms", body)).toMatchObject({
      status: 400,
      json: { error: "Invalid request", issues: ["request: must be valid JSON"] }
    })
  })

  test("is read by its content type in any letter case and with parameters, and by one that ends in +json", async () => {
    for (const type of [
      "Application/JSON",
      "application/json; charset=utf-8",
      "application/json ;x=y",
      "application/problem+json",
      "Application/vnd.API+JSON; charset=utf-8"
    ]) {
      expect((await started.post("/api/rooms", { name: "A" }, type)).status).toBe(201)
    }
  })

  test("with a byte order mark is read", async () => {
    expect((await started.post("/api/rooms", `\ufeff{"name":"A"}`)).status).toBe(201)
  })

  test("that is absent counts as an empty object", async () => {
    expect((await started.post("/api/rooms")).json.issues).toEqual(["name: is required"])
    expect((await started.post("/api/rooms", "")).json.issues).toEqual(["name: is required"])
    expect((await started.post("/api/rooms", "", "text/plain")).json.issues).toEqual(["name: is required"])
    const { hostId, act } = await room()
    expect((await act(hostId, "ready")).status).toBe(200)
  })

  // What navigator.sendBeacon, forms, and clients that say nothing send.
  const notJson: readonly (string | undefined)[] = [
    ...[
      "text/plain",
      "text/plain;charset=UTF-8",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x"
    ],
    ...["application/octet-stream", "application/json5", "application/+json", "", undefined]
  ]

  test.each(notJson)("that is sent as %j is not read, and the refusal says why", async (type) => {
    const { code, hostId } = await room()
    for (const [path, body, field] of [
      ["/api/rooms", '{"name":"A"}', "name"],
      [`/api/rooms/${code}/join`, '{"name":"A"}', "name"],
      [`/api/rooms/${code}/participants/${hostId}/chat`, '{"active":true}', "active"],
      [`/api/rooms/${code}/participants/${hostId}/screen-share`, '{"active":true}', "active"],
      ["/request-email", '{"token":"abc"}', "token"]
    ] as const) {
      for (const framing of [{}, { "transfer-encoding": "chunked" }] as Record<string, string>[]) {
        const headers = { ...framing, ...(type === undefined ? {} : { "content-type": type }) }
        const answer = await started.send("POST", path, { headers, body })
        expect([path, answer.status, answer.json]).toEqual([
          path,
          400,
          {
            error: "Invalid request",
            issues: ["content-type: must be application/json for the body to be read", `${field}: is required`]
          }
        ])
      }
    }
    // Nothing of its body is required.
    const ready = await started.send("POST", `/api/rooms/${code}/participants/${hostId}/ready`, {
      headers: type === undefined ? {} : { "content-type": type },
      body: '{"fileCount":3}'
    })
    expect([ready.status, ready.json.self.ready, ready.json.self.fileCount]).toEqual([200, true, 0])
  })

  test.each([undefined, null, "true", 1, 0])("asks for a channel with true or false, not %j", async (active) => {
    const { hostId, act } = await room()
    for (const channel of ["screen-share", "chat"]) {
      const answer = await act(hostId, channel, { active })
      expect(answer.status).toBe(400)
      expect(answer.json.issues).toEqual([expect.stringMatching(/^active: /)])
    }
  })

  test("over 64 KiB is refused, announced or not", async () => {
    const body = JSON.stringify({ name: "A", padding: "p".repeat(64 * 1024) })
    const announced = await started.post("/api/rooms", body)
    const streamed = await started.send("POST", "/api/rooms", {
      headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
      body
    })
    for (const { status, text, headers } of [announced, streamed]) {
      expect([status, text]).toEqual([413, '{"error":"Request body too large"}'])
      expect(headers["content-type"]).toBe("application/json")
    }
  })

  test("of exactly 64 KiB is read", async () => {
    const frame = JSON.stringify({ name: "A", padding: "" })
    const body = JSON.stringify({ name: "A", padding: "p".repeat(64 * 1024 - frame.length) })
    expect(Buffer.byteLength(body)).toBe(64 * 1024)
    expect((await started.post("/api/rooms", body)).status).toBe(201)
  })
})

describe("a path", () => {
  test.each([
    ["too short", "ABC23"],
    ["too long", "ABC2345"],
    ["far too long", "A".repeat(5000)],
    ["blank", "%20%20%20"],
    ["with a NUL character", "ABC%0023"]
  ])("with a code that is %s is refused before query and body are looked at", async (_, code) => {
    const answers = [
      await started.get(`/api/rooms/${code}`),
      await started.post(`/api/rooms/${code}/join`, "{"),
      await started.post(`/api/rooms/${code}/participants/x/ready`, "{")
    ]
    for (const { status, json } of answers) {
      expect([status, json.error]).toEqual([400, "Invalid request"])
      expect(json.issues).toEqual([expect.stringMatching(/^roomCode: /)])
    }
  })

  test("has all faults of its parameters listed", async () => {
    const { json } = await started.post(`/api/rooms/x/participants/${"i".repeat(65)}/chat`, {})
    expect(json.issues).toEqual(["roomCode: must be exactly 6 characters", "participantId: must be 1 to 64 characters"])
  })

  test.each(["%", "%zz", "%C3%28", "ABC23%"])("with the undecodable code %s is a 400, not a 500", async (code) => {
    const answer = await started.get(`/api/rooms/${code}?participantId=x`)
    expect([answer.status, answer.json]).toEqual([
      400,
      { error: "Invalid request", issues: ["roomCode: must be percent-encoded UTF-8"] }
    ])
    expect((await started.get(`/api/rooms/${code}/nothing`)).status).toBe(404)
    expect((await started.get(`/${code}`)).text).toBe("Not Found")
  })

  test.each(["AB%2F234", "AB%3F234", "AB%23234", "AB;C23", "%25412BC"])(
    "takes %s for one segment, decoded once",
    async (code) => {
      const answer = await started.get(`/api/rooms/${code}?participantId=x`)
      expect([answer.status, answer.json.error]).toEqual([404, "Room not found or participant is not part of it."])
    }
  )

  test("never has what was sent repeated in an error", async () => {
    const secret = "<script>secret</script>"
    const answers = [
      await started.post("/api/rooms", { name: [secret] }),
      await started.post("/api/rooms", `{"${secret}`),
      await started.get(`/api/rooms/${encodeURIComponent(secret)}`),
      await started.get(`/api/rooms/ABC234?participantId=${encodeURIComponent(secret.repeat(4))}`),
      await started.get(`/api/rooms/${encodeURIComponent(secret)}/nothing`)
    ]
    for (const { status, text } of answers) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).not.toContain("secret")
    }
  })

  test.each([
    ["GET", "/api/rooms"],
    ["GET", "/api/rooms/"],
    ["POST", "/api/rooms/"],
    ["PUT", "/api/rooms"],
    ["DELETE", "/api/rooms/ABC234"],
    ["POST", "/api/rooms/ABC234"],
    ["GET", "/api/rooms/ABC234/join"],
    ["POST", "/api/rooms/ABC234/join/"],
    ["POST", "/api/rooms//join"],
    ["POST", "/api/rooms/ABC234/participants//ready"],
    ["POST", "/api/rooms/ABC234/participants/x/leave"],
    ["POST", "/api/rooms;x=1"],
    ["PROPFIND", "/api/rooms/a/b/c/d/e"]
  ])("%s %s is no room endpoint", async (method, path) => {
    const answer = await started.send(method, path, {
      headers: { "content-type": "application/json" },
      ...(method === "GET" ? {} : { body: '{"name":"A"}' })
    })
    const isSibling = path.startsWith("/api/rooms;")
    expect([answer.status, answer.text]).toEqual([
      404,
      isSibling ? "Not Found" : '{"error":"Room endpoint not found."}'
    ])
  })
})

describe("a query", () => {
  test.each([
    ["missing", ""],
    ["empty", "?participantId="],
    ["blank", "?participantId=%20+"],
    ["65 units long", `?participantId=${"i".repeat(65)}`],
    ["given twice", "?participantId=a&participantId=b"],
    ["in another letter case", "?participantid=a"],
    ["an array", "?participantId[]=a"],
    ["with a NUL character", "?participantId=a%00b"]
  ])("whose participantId is %s is refused", async (_, query) => {
    const answer = await started.get(`/api/rooms/ABC234${query}`)
    expect([answer.status, answer.json.error]).toEqual([400, "Invalid request"])
    expect(answer.json.issues).toEqual([expect.stringMatching(/^participantId: /)])
  })

  test("may have an id of 64 units, and other parameters", async () => {
    const answer = await started.get(`/api/rooms/ABC234?x=1&participantId=${"i".repeat(64)}&__proto__=y`)
    expect(answer.status).toBe(404)
  })
})
