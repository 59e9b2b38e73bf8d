/** The connection check at `/try#check`, by what it tells. */
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import type { BrowserContextOptions, Page } from "playwright-core"
import { expect, it, onTestFinished } from "vitest"
import { skipsCoturn, startCoturn } from "../core/io/services/coturn.ts"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { serverForThisTest, useServer } from "../support/useServer.ts"

const secret = "a secret of the TURN server"

/** A proxy as many are: it hands everything on, but for whom the request is meant. */
const startProxy = async (port: number): Promise<number> => {
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1")
    for (const [from, to] of [
      [client, server],
      [server, client]
    ] as const) {
      sockets.add(from)
      from.on("error", () => to.destroy()).on("close", () => to.destroy())
    }
    client.on("data", (data) =>
      server.write(data.toString("latin1").replace(/^host: .*$/im, "Host: inside:9"), "latin1")
    )
    server.pipe(client)
  })
  await once(proxy.listen(0, "127.0.0.1"), "listening")
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return (proxy.address() as AddressInfo).port
}

/** A STUN server that takes everybody for 203.0.113.5:4660 (RFC 8489, 14.2). */
const startStun = async (): Promise<number> => {
  const socket = createSocket("udp4").on("message", (asked, { port, address }) => {
    const mapped = Buffer.from([0, 1, 0x33, 0x26, 203 ^ 0x21, 0x12, 113 ^ 0xa4, 5 ^ 0x42])
    const head = Buffer.from([1, 1, 0, 12])
    socket.send(Buffer.concat([head, asked.subarray(4, 20), Buffer.from([0, 0x20, 0, 8]), mapped]), port, address)
  })
  await once(socket.bind(0, "127.0.0.1"), "listening")
  onTestFinished(() => void socket.close())
  return socket.address().port
}

describeInChromium("the connection check", (chromium) => {
  const server = useServer()
  const browser = useBrowser(chromium)

  const check = async (http: string, options: BrowserContextOptions = {}) => {
    const page = await (await browser.newContext(options)).newPage()
    page.setDefaultTimeout(30_000)
    await page.goto(`${http}/try#check`)
    await page.locator("#check-status", { hasText: /Everything|things looked at/ }).waitFor()
    return page
  }
  /** What is said under a heading, with what to change. */
  const said = async (page: Page, title: string) =>
    (await page.locator(".verdict", { has: page.getByRole("heading", { name: title }) }).innerText()).replace(
      /\s+/g,
      " "
    )
  const reportOf = async (page: Page) => JSON.parse((await page.locator("#report").textContent()) as string)

  it("finds all well but for TURN on a plain server, and hands over the same as JSON", async () => {
    const page = await check(server.http, { permissions: ["clipboard-read", "clipboard-write"] })
    expect(await said(page, "The WebSocket")).toMatch(
      /^Good The WebSocket Opens, and the server greets after \d+ ms\.$/
    )
    expect(await said(page, "The origin of this page")).toContain(`${server.http} may use this server.`)
    expect(await said(page, "Your address")).toContain(
      "takes you for 127.0.0.1 (IPv4). It is that of the connection itself."
    )
    expect(await said(page, "Your network")).toContain(
      "127.0.0.0/24: devices that are shown to each other are all whose private"
    )
    expect(await said(page, "Direct connections")).toMatch(/^Good .* on its own networks/)
    expect(await said(page, "STUN and TURN")).toMatch(/^Mind .* names none.* Set STUN_URLS, and TURN_URLS/)
    await page.locator("#check-status", { hasText: "1 to mind" }).waitFor()

    await page.getByRole("button", { name: "Copy as JSON" }).click()
    await page.getByRole("button", { name: "Copied" }).waitFor()
    const copied = JSON.parse(await page.evaluate<string>("navigator.clipboard.readText()"))
    expect(copied).toEqual(await reportOf(page))
    expect(copied).toMatchObject({
      socket: { opened: true },
      server: { address: { seen: "127.0.0.1" } },
      ice: { servers: [] }
    })

    await page.getByRole("link", { name: "Back to the page" }).click()
    await page.getByRole("heading", { name: "This device" }).waitFor()
    expect(await page.locator("#check").isVisible()).toBe(false)
  })

  it("says what a proxy's header does: believed, and not", async () => {
    const from = { extraHTTPHeaders: { "x-forwarded-for": "2001:db8:1:2::3" } }
    const believed = await check(server.http, from)
    expect(await said(believed, "Your address")).toMatch(
      /^Good .*2001:db8:1:2::3 \(IPv6\)\. The connection comes from 127\.0\.0\.1, a trusted proxy/
    )
    expect(await said(believed, "Your network")).toMatch(/2001:db8:1:2::\/64: .*same first 64 bits.*comes over IPv4/)
    const strict = await serverForThisTest({ TRUST_PROXY: "none" })
    const page = await check(strict.http, from)
    expect(await said(page, "Your address")).toMatch(
      /^Trouble .* 127\.0\.0\.1 \(IPv4\).*2001:db8:1:2::3 was not believed.*TRUST_PROXY is none\..*Add 127\.0\.0\.1 to TRUST_PROXY/
    )
  })

  it("says that the page's origin is refused, why, and what lets it in", async () => {
    const port = await startProxy(server.port)
    const page = await check(`http://127.0.0.1:${port}`)
    expect(await said(page, "The WebSocket")).toMatch(/^Trouble .* refuses the origin/)
    expect(await said(page, "The origin of this page")).toMatch(
      new RegExp(
        `^Trouble .*for inside:9: a proxy has changed the Host header.*http://127.0.0.1:${port} in ALLOWED_ORIGINS`
      )
    )
    await page.getByRole("link", { name: "Back to the page" }).click()
    await page.locator("#stream", { hasText: "see the connection check" }).waitFor()
  })

  it("tries each STUN and TURN server, and says which does not answer", async () => {
    const stun = await startStun()
    const dead = createSocket("udp4")
    await once(dead.bind(0, "127.0.0.1"), "listening")
    onTestFinished(() => void dead.close())
    const turnUrl = `turn:127.0.0.1:${dead.address().port}?transport=udp`
    const one = await serverForThisTest({
      STUN_URLS: `stun:127.0.0.1:${stun}`,
      TURN_URLS: turnUrl,
      TURN_SECRET: secret
    })
    const page = await check(one.http)
    expect(await said(page, `stun:127.0.0.1:${stun}`)).toMatch(/^Good .*This STUN server answers after \d+ ms\.$/)
    expect(await said(page, turnUrl)).toMatch(/^Trouble .*This TURN server does not answer.*port is open \(UDP\)/)
    expect(await said(page, "A relay for hard cases")).toMatch(/^Trouble .*none that answers/)
    const report = await reportOf(page)
    expect(report.ice.servers.map(({ answered }: { answered: boolean }) => answered)).toEqual([true, false])
    const text = JSON.stringify(report)
    const { iceServers } = (await (await fetch(`${one.http}/api/turn-credentials`)).json()) as any
    const { username } = iceServers.find((each: object) => "credential" in each)
    expect(username).toBeTruthy()
    for (const hidden of [secret, "credential", "username", username.split(":")[1] ?? username])
      expect(text).not.toContain(hidden)
  })

  it.skipIf(skipsCoturn())("finds the relay of a TURN server that answers", async () => {
    const turn = await startCoturn(secret)
    onTestFinished(() => turn.stop())
    const url = `turn:127.0.0.1:${turn.port}?transport=udp`
    const one = await serverForThisTest({ TURN_URLS: url, TURN_SECRET: secret })
    const page = await check(one.http)
    expect(await said(page, url)).toMatch(/^Good .*This TURN server answers after \d+ ms\.$/)
    expect(await said(page, "A relay for hard cases")).toMatch(/^Good /)
    const wrong = await serverForThisTest({ TURN_URLS: url, TURN_SECRET: "another" })
    expect(await said(await check(wrong.http), url)).toMatch(/^Trouble .*does not answer.*/)
  })
})
