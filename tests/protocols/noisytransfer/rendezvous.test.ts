import type pg from "pg"
import { expect, it } from "vitest"
import { describeOnEachDatabase, describeOnPostgres, useDatabase, withClient } from "../../support/databases.ts"
import { describeOfOneOnPostgres, itOfOneServer } from "../../support/ofOneServer.ts"
import { useWay } from "../../support/standIns/way.ts"
import { serverForThisTest, useServer } from "../../support/useServer.ts"
import { figures, mint, newCode, redeem } from "./relayClient.ts"

describeOnPostgres("codes", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl }))
  const at = (path: string, init?: RequestInit) => fetch(`${server.http}/noisytransfer${path}`, init)
  const text = async (path: string, init?: RequestInit) => {
    const response = await at(path, init)
    return [response.status, await response.text()] as const
  }
  const redeemCode = (code: unknown) => redeem(server, JSON.stringify({ code }))
  const query = (statement: string, values: unknown[] = []) =>
    withClient(databaseUrl, (client: pg.Client) => client.query(statement, values))

  it("are four digits for a new room, ten minutes long, and written as their clients read them", async () => {
    const before = Date.now()
    const { status, headers, text } = await mint(server)
    expect(status).toBe(200)
    expect(headers.get("content-type")).toBe("application/json")
    expect(headers.get("x-content-type-options")).toBe("nosniff")
    expect(text).toMatch(
      /^\{"appID":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}","code":"\d{4}","expiresAt":"[^"]+Z"\}$/
    )
    const left = Date.parse(JSON.parse(text).expiresAt) - before
    expect(left).toBeGreaterThanOrEqual(600_000)
    expect(left).toBeLessThan(605_000)
  })

  it.each([
    ["broken JSON", '{"ttl":', "application/json"],
    ["a lifetime that it asks for", '{"ttl":600}', "application/json"],
    ["text", "hello", "text/plain"]
  ])("are minted whatever is sent: %s", async (_, body, type) => {
    expect((await mint(server, { body, headers: { "content-type": type } })).status).toBe(200)
  })

  it("are different however many are asked for at once", async () => {
    const minted = await Promise.all(Array.from({ length: 50 }, () => newCode(server)))
    expect(new Set(minted.map(({ code }) => code)).size).toBe(50)
    expect(new Set(minted.map(({ appID }) => appID)).size).toBe(50)
  })

  it("say once which room they are for, in the same words", async () => {
    const { appID, code, expiresAt } = await newCode(server)
    const redeemed = await redeemCode(code)
    expect([redeemed.status, redeemed.text]).toEqual([200, JSON.stringify({ appID, expiresAt })])
    expect(redeemed.headers.get("content-type")).toBe("application/json")
    const again = await redeemCode(code)
    expect([again.status, again.text, again.headers.get("content-type")]).toEqual([
      410,
      "gone\n",
      "text/plain; charset=utf-8"
    ])
    expect(again.headers.get("x-content-type-options")).toBe("nosniff")
  })

  it("are redeemed by one of twelve who try at once", async () => {
    const { code } = await newCode(server)
    const answers = await Promise.all(Array.from({ length: 12 }, () => redeemCode(code)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(11).fill(410)])
  })

  it("that nobody has minted are gone, whatever their length", async () => {
    for (const code of ["00000", "000000", "0000000", "00000000"]) {
      expect((await redeemCode(code)).status, code).toBe(410)
    }
  })

  const bodies: readonly string[] = [
    ...["123", "123456789", "abcd", "12a4", " 1234", "", 1234, null].map((code) => JSON.stringify({ code })),
    ...["{}", "{", "[]", '"1234"', "x", "", "null", "{'code':'1234'}", '{"code":"1234",}', '{"code":"١٢٣٤"}']
  ]
  it.each(bodies)("cannot be redeemed by %s", async (body) => {
    const { status, text } = await redeem(server, body)
    expect([status, text]).toEqual([400, "bad request\n"])
  })

  const readable: readonly (readonly [string, (code: string) => string, string])[] = [
    ["a character set", (code) => `{"code":"${code}"}`, "application/json; charset=utf-8"],
    ["other fields around it", (code) => `{"a":[{"code":"x"}],"code":"${code}","b":null}`, "application/json"],
    ["its key in other letters", (code) => `{"CODE":"${code}"}`, "application/json"],
    ["its key in escapes", (code) => `{"\\u0063ode":"${code}"}`, "application/json"],
    ["blanks in front", (code) => `\r\n\t {"code" : "${code}" }`, "application/json"],
    ["text behind", (code) => `{"code":"${code}"} and } more "`, "application/json"],
    ["another value behind", (code) => `{"code":"${code}"}{"code":"x"}`, "application/json"],
    ["several, of which the last counts", (code) => `{"code":"0","Code":"${code}"}`, "application/json"]
  ]
  it.each(readable)("are read with %s", async (_, body, type) => {
    const { appID, code } = await newCode(server)
    const redeemed = await redeem(server, body(code), { "content-type": type })
    expect([redeemed.status, JSON.parse(redeemed.text).appID]).toEqual([200, appID])
  })

  it("are good still after a request that was refused", async () => {
    const { code } = await newCode(server)
    const body = JSON.stringify({ code })
    expect(await text("/rendezvous/redeem")).toEqual([405, "method not allowed\n"])
    expect(await text("/rendezvous/redeem", { method: "PUT", body })).toEqual([405, "method not allowed\n"])
    for (const headers of [{}, { "content-type": "text/plain" }, { "content-type": " text/json" }]) {
      const { status, text } = await redeem(server, body, headers as Record<string, string>)
      expect([status, text]).toEqual([415, "bad content-type\n"])
    }
    expect((await redeem(server, body.replace("}", ""))).status).toBe(400)
    expect((await redeem(server, body)).status).toBe(200)
  })

  it("are answered for at no other path and by no other method", async () => {
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      expect(await text("/rendezvous/code", { method }), method).toEqual([405, "method not allowed\n"])
    }
    for (const path of ["/rendezvous/create", "/code", "/redeem", "/code/redeem", "/rendezvous", "/rendezvous/", ""]) {
      for (const method of ["GET", "POST"]) {
        expect(await text(path, { method }), path).toEqual([404, "404 page not found\n"])
      }
    }
  })

  it("expire", async () => {
    const { code } = await newCode(server)
    await query("update noisytransfer_codes set expires_at = now() - interval '1 second' where code = $1", [code])
    expect((await redeemCode(code)).status).toBe(410)
  })

  it("outlive the server, and two servers on one database never mint the same", async () => {
    const [one, other] = [
      await serverForThisTest({ DATABASE_URL: databaseUrl }),
      await serverForThisTest({ DATABASE_URL: databaseUrl })
    ]
    const minted = await Promise.all(Array.from({ length: 300 }, (_, index) => newCode(index % 2 === 0 ? one : other)))
    expect(new Set(minted.map(({ code }) => code)).size).toBe(300)
    await one.stop()
    const [first, second] = minted
    const answers = await Promise.all(
      [other, server].map((each) => redeem(each, JSON.stringify({ code: first?.code })))
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 410])
    expect((await redeem(other, JSON.stringify({ code: second?.code }))).status).toBe(200)
  }, 30_000)

  it("become longer before they become guessable, and never run out", async () => {
    await query("truncate noisytransfer_codes")
    const fill = (from: number, to: number, digits: number, redeemed = "null") =>
      query(`insert into noisytransfer_codes select lpad(n::text, ${digits}, '0'), gen_random_uuid(), now(),
        now() + interval '10 minutes', ${redeemed} from generate_series(${from}, ${to}) n on conflict do nothing`)
    await fill(0, 999, 4)
    expect((await newCode(server)).code).toMatch(/^\d{4}$/)
    expect((await newCode(server)).code).toMatch(/^\d{6}$/)
    await fill(0, 99_999, 6)
    expect((await newCode(server)).code).toMatch(/^\d{8}$/)

    // Those that were redeemed are nobody else's yet, though only live ones count.
    await query("truncate noisytransfer_codes")
    await fill(0, 9999, 4, "now()")
    const { code, appID } = await newCode(server)
    expect(code).toMatch(/^\d{6}$/)
    expect(JSON.parse((await redeemCode(code)).text).appID).toBe(appID)

    // One that has expired may be minted anew.
    await query("update noisytransfer_codes set expires_at = now() - interval '1 second'")
    expect((await newCode(server)).code).toMatch(/^\d{4}$/)
    await query("truncate noisytransfer_codes")
  }, 30_000)

  itOfOneServer("are removed when they have expired, and no others", async () => {
    const { code } = await newCode(server)
    await query(
      "insert into noisytransfer_codes values ('99999999', gen_random_uuid(), now(), now() - interval '1 s', null)"
    )
    // A server that starts cleans up at once.
    await serverForThisTest({ DATABASE_URL: databaseUrl })
    await expect
      .poll(async () => (await query("select code from noisytransfer_codes where code = '99999999'")).rows)
      .toEqual([])
    expect((await redeemCode(code)).status).toBe(200)
  })
})

describeOnEachDatabase("a code in any database", (database) => {
  it("is minted, redeemed once and outlives the server", async () => {
    const given = await database.given()
    const server = await serverForThisTest(given)
    const { code, appID } = await newCode(server)
    const answers = await Promise.all(Array.from({ length: 12 }, () => redeem(server, JSON.stringify({ code }))))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(11).fill(410)])
    const other = await newCode(server)
    await server.stop()
    const next = await serverForThisTest(given)
    const redeemed = await redeem(next, JSON.stringify({ code: other.code }))
    expect(JSON.parse(redeemed.text)).toEqual({ appID: other.appID, expiresAt: other.expiresAt })
    expect(appID).not.toBe(other.appID)
  }, 60_000)
})

describeOfOneOnPostgres("what guessing costs", () => {
  const databaseUrl = useDatabase()
  const start = (environment: Readonly<Record<string, string>> = {}) =>
    serverForThisTest({ DATABASE_URL: databaseUrl, TRUST_PROXY: "1", ...environment })
  const guess = (server: { http: string }, code: string, from = "203.0.113.1") =>
    redeem(server, JSON.stringify({ code }), { "content-type": "application/json", "x-forwarded-for": from })

  it("refuses an address after ten wrong codes, right ones too, and nobody else", async () => {
    const server = await start({ NOISYTRANSFER_WRONG_CODES_PER_MINUTE: "10" })
    const [used, right] = [await newCode(server), await newCode(server)]
    // These cost nothing.
    for (let times = 0; times < 15; times++) {
      expect((await guess(server, used.code)).status).toBe(times === 0 ? 200 : 410)
      expect((await guess(server, "123")).status).toBe(400)
    }
    const many = await Promise.all(Array.from({ length: 12 }, () => guess(server, used.code)))
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([410]))
    // These are paid for, also when they come at once.
    const wrong = await Promise.all(Array.from({ length: 14 }, (_, index) => guess(server, `9999${index + 1000}`)))
    expect(wrong.map(({ status }) => status).toSorted()).toEqual([...Array(10).fill(410), ...Array(4).fill(429)])
    const refused = await guess(server, right.code)
    expect([refused.status, refused.text, Number(refused.headers.get("retry-after")) > 0]).toEqual([
      429,
      "rate limit",
      true
    ])
    expect(refused.headers.get("content-type")).toBe("text/plain; charset=utf-8")
    for (const body of ["{", '{"code":"123"}']) {
      const headers = { "content-type": "application/json", "x-forwarded-for": "203.0.113.1" }
      expect((await redeem(server, body, headers)).status).toBe(429)
    }
    expect((await redeem(server, "{}", { "x-forwarded-for": "203.0.113.1" })).status).toBe(429)
    expect((await guess(server, right.code, "203.0.113.2")).status).toBe(200)
    expect(server.lines("abuse:refused")[0]).toMatchObject({ budget: "wrongRendezvousCodes" })
    const counted = await figures(server)
    expect(counted.get('nt_rendezvous_codes_refused_total{reason="wrong"}')).toBe(10)
    expect(counted.get("nt_rendezvous_codes_redeemed_total")).toBe(2)
  })

  it("counts an IPv6 customer once, however many addresses it has", async () => {
    const server = await start({ NOISYTRANSFER_WRONG_CODES_PER_MINUTE: "2" })
    const statuses: number[] = []
    for (const last of [1, 2, 3]) statuses.push((await guess(server, "99999999", `2001:db8::${last}`)).status)
    expect(statuses).toEqual([410, 410, 429])
    expect((await guess(server, "99999999", "2001:db8:0:1::1")).status).toBe(410)
  })

  it("believes nobody who is no proxy", async () => {
    const server = await start({ NOISYTRANSFER_WRONG_CODES_PER_MINUTE: "2", TRUST_PROXY: "0" })
    const statuses: number[] = []
    for (const last of [1, 2, 3]) statuses.push((await guess(server, "99999999", `203.0.113.${last}`)).status)
    expect(statuses).toEqual([410, 410, 429])
  })

  it("makes new codes longer while many guess", async () => {
    const server = await start()
    for (let times = 0; times < 300; times += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => guess(server, `8888${times + index + 1000}`)))
    }
    expect((await newCode(server)).code).toMatch(/^\d{4}$/)
    await guess(server, "88888888")
    expect((await newCode(server)).code).toMatch(/^\d{6}$/)
  }, 30_000)

  it("limits how many one address mints", async () => {
    const server = await start({ NOISYTRANSFER_CODES_PER_MINUTE: "3" })
    const statuses: number[] = []
    for (let times = 0; times < 4; times++) statuses.push((await mint(server)).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    const refused = await mint(server)
    expect([refused.text, Number(refused.headers.get("retry-after")) > 0]).toEqual(["rate limit", true])
    expect((await mint(server, { headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(200)
  })
})

describeOnPostgres("pages of other origins", () => {
  const databaseUrl = useDatabase()
  const server = useServer(() => ({ DATABASE_URL: databaseUrl, NOISYTRANSFER_ORIGINS: "https://a.example, b.example" }))
  const from = (origin: string) => ({ headers: { origin, "content-type": "application/json" } })
  const preflight = (origin: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${server.http}/noisytransfer/rendezvous/redeem`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", ...headers }
    })

  it.each(["https://a.example", "https://b.example", "http://b.example:8080"])("may use it: %s", async (origin) => {
    const { status, headers } = await mint(server, from(origin))
    expect(status).toBe(200)
    expect(headers.get("access-control-allow-origin")).toBe(origin)
    expect(headers.get("vary")).toBe("Origin")
    expect(headers.get("access-control-allow-credentials")).toBeNull()
    const allowed = await preflight(origin)
    expect(allowed.status).toBe(204)
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "POST, OPTIONS",
      "access-control-allow-headers": "Content-Type",
      "access-control-max-age": "600",
      vary: "Origin"
    })
  })

  it.each(["https://evil.example", "http://a.example", "null"])("may not: %s", async (origin) => {
    const { status, text, headers } = await mint(server, from(origin))
    expect([status, text]).toEqual([403, "forbidden origin\n"])
    expect(headers.get("access-control-allow-origin")).toBeNull()
    expect((await preflight(origin)).headers.get("access-control-allow-origin")).toBeNull()
  })

  it("ask for leave with both headers, or for a method that is not taken", async () => {
    const options = (headers: Readonly<Record<string, string>>) =>
      fetch(`${server.http}/noisytransfer/rendezvous/code`, { method: "OPTIONS", headers })
    for (const headers of [{}, { origin: "https://a.example" }, { "access-control-request-method": "POST" }]) {
      const response = await options(headers as Record<string, string>)
      expect([response.status, await response.text()]).toEqual([405, "method not allowed\n"])
    }
  })

  it("read refusals too", async () => {
    const headers = { origin: "https://a.example", "content-type": "application/json" }
    const refused = await redeem(server, "{}", headers)
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([400, "https://a.example"])
  })
})

describeOnPostgres("while the database is away", () => {
  const databaseUrl = useDatabase()
  const way = useWay(databaseUrl)
  const server = useServer(() => ({ DATABASE_URL: way.url, DATABASE_SSL: "off" }))
  const readyz = async () => {
    const response = await fetch(`${server.http}/noisytransfer/readyz`)
    return [response.status, await response.text()]
  }

  it("codes are answered 503 and when to come back, and all is well afterwards", async () => {
    const { code } = await newCode(server)
    expect(await readyz()).toEqual([200, '{"ready":true}'])
    way.cut()
    for (const refused of [await mint(server), await redeem(server, JSON.stringify({ code }))]) {
      expect([refused.status, refused.text]).toEqual([503, "service unavailable\n"])
      expect(refused.headers.get("retry-after")).toMatch(/^\d+$/)
    }
    await expect.poll(readyz, { timeout: 10_000 }).toEqual([503, '{"ready":false}'])
    expect((await fetch(`${server.http}/noisytransfer/healthz`)).status).toBe(200)
    way.mend()
    await expect.poll(async () => (await mint(server)).status, { timeout: 20_000 }).toBe(200)
    expect((await redeem(server, JSON.stringify({ code }))).status).toBe(200)
    expect(server.log()).not.toContain(code)
  }, 40_000)
})
