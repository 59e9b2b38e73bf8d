import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { BrowserContextOptions, Page } from "playwright-core"
import { beforeAll, expect, it } from "vitest"
import { type AnyActorRef, createActor, createMachine } from "xstate"
import { corePart } from "../../src/http/core/part.ts"
import { createVitalSigns } from "../../src/io/tower/vitals.ts"
import { createWatch } from "../../src/io/tower/watch.ts"
import { limits } from "../../src/limits.ts"
import { createSupervisor, type SupervisorRef } from "../../src/machines/supervisor.ts"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { surfaceForThisTest } from "../support/httpSurface.ts"
import { makeRoom, meetInFlight, startServer } from "../support/server.ts"
import { useClients, useServer } from "../support/useServer.ts"
import { useFolder } from "../support/useThroughout.ts"

const key = "a key & a half"
const hostile = `<img src=x onerror="document.title='owned'">`
const hostiles = [hostile, "</td><script>owned()</script>", "&lt;b&gt;", "\u202Egnorw eht yaw"]

/** As docs/statecharts has them: a group for each state, its rectangle first. */
const flightChart = `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60" width="300" height="60">
<style>.state rect { fill: #fff }</style>
<g class="state" data-state="waiting"><rect x="5" y="5" width="100" height="40"/><text x="10" y="30">waiting</text></g>
<g class="state" data-state="paired"><rect x="125" y="5" width="100" height="40"/><text x="130" y="30">paired</text></g>
</svg>`

describeInChromium("the tower page in Chromium", (chromium) => {
  const directory = useFolder()
  beforeAll(async () => {
    await mkdir(join(directory, "dropsilk"))
    await writeFile(join(directory, "dropsilk", "flight.svg"), flightChart)
  })
  const server = useServer({ LOG_ACCESS_KEY: key }, { charts: pathToFileURL(`${directory}/`) })
  const connect = useClients(server, { connections: 0, flights: 0 })
  const browser = useBrowser(chromium)

  /** Updates come twice a second, on a busy machine less often. */
  const shows = <A>(look: () => A) => expect.poll(look, { timeout: 20_000 })

  /** The open page, and what it has complained of in its console. */
  const open = async (options: BrowserContextOptions = {}) => {
    const page = await (await browser.newContext(options)).newPage()
    const complaints: string[] = []
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text())
    })
    page.on("pageerror", (error) => complaints.push(error.message))
    await page.goto(`${server.http}/tower?key=${encodeURIComponent(key)}`)
    await page.getByText("Live", { exact: true }).waitFor()
    return { page, complaints }
  }

  const openFlight = async (hostName: string, guestName: string) => {
    const clients = [await connect({ name: hostName }), await connect({ name: guestName })] as const
    const flightCode = await meetInFlight(...clients)
    return { shown: `${flightCode.slice(0, 3)}···`, clients }
  }

  const branch = (page: Page, kind: string) => page.locator("#branches tr", { hasText: kind }).locator("td").first()
  const textOf = (page: Page, selector: string) => page.locator(selector).innerText()

  it("shows clients as they come, meet and go", async () => {
    const { page, complaints } = await open()
    await shows(() => branch(page, "connections").innerText()).toBe("0")
    const { shown, clients } = await openFlight("Ada", "Grace")
    await shows(() => branch(page, "connections").innerText()).toBe("2")
    await shows(() => textOf(page, "#flight-rows")).toContain(shown)
    await shows(() => textOf(page, "#flight-rows")).toMatch(/paired lan\s+Ada, Grace/)
    await page.locator("#chart-connection > summary").click()
    await shows(() => textOf(page, "#chart-connection")).toMatch(/connected\.place\.seated\.paired\s+2/)
    await shows(() => textOf(page, "#feed")).toContain("is called Ada")
    await Promise.all(clients.map((client) => client.close()))
    await shows(() => branch(page, "connections").innerText()).toBe("0")
    await shows(() => textOf(page, "#flights-caption")).toContain("No flight is under way")
    expect(complaints).toEqual([])
  })

  it("shows first who is here, whether they get through to each other, and who is turned away", async () => {
    const { page, complaints } = await open()
    const tile = (id: string) => textOf(page, `#tile-${id}`)
    const { clients } = await openFlight("Ada", "Grace")
    const [ada, grace] = clients
    ada.send({ type: "signal", data: "offer" })
    await grace.until("signal")
    await shows(() => tile("people")).toMatch(/^People here now\s+2\s+dropsilk 2$/)
    await shows(() => tile("pairs")).toMatch(/^Pairs\s+1\s/)
    const before = await tile("meetings")
    const answered = Number(/(\d+) with signals both ways/.exec(before)?.[1])
    grace.send({ type: "signal", data: "answer" })
    await ada.until("signal")
    await shows(() => tile("meetings")).toContain(`${answered + 1} with signals both ways`)
    expect(await tile("meetings")).toMatch(/^Meetings that worked\s+[\d.]+ %/)
    expect(await tile("memory")).toMatch(/^Memory\s+\d+ MB\s+\d+ MB of it in JavaScript's heap$/)
    expect(await tile("delay")).toMatch(/late by\s+[\d.,]+ ms/)
    // Two readings make a line.
    await shows(() => page.locator("#tile-memory path").getAttribute("d")).toMatch(/^M[\d. ]+L/)
    expect(await page.locator("#tile-memory svg").getAttribute("aria-label")).toMatch(
      /^Memory, between \d+ MB and \d+ MB$/
    )
    expect(await page.locator("main section").first().getAttribute("id")).toBe("vitals")
    expect(complaints).toEqual([])
  })

  it("ends a flight and a client by hand when it was asked twice", async () => {
    const { page, complaints } = await open()
    const { shown, clients } = await openFlight("Ada", "Grace")
    const [ada, grace] = clients
    const row = page.locator("#flight-rows tr", { hasText: shown })
    const dialog = page.locator("#ending")
    await row.getByRole("button", { name: "End…" }).click()
    await dialog.getByRole("heading", { name: `End flight ${shown}?` }).waitFor()
    await dialog.getByRole("button", { name: "Keep it" }).click()
    await row.getByRole("button", { name: "End…" }).press("Enter")
    await dialog.getByRole("button", { name: "End it" }).click()
    await dialog.getByRole("heading", { name: `Really end flight ${shown}?` }).waitFor()
    expect(ada.unread().map(({ type }) => type)).not.toContain("peer-left")
    await dialog.getByRole("button", { name: "Yes, end it now" }).click()
    await Promise.all([ada.until("peer-left"), grace.until("peer-left")])
    await shows(() => row.count()).toBe(0)
    expect(server.lines("flight:ended").at(-1)).toMatchObject({ reason: "operator" })
    expect(server.lines("system:ended_by_hand").at(-1)).toMatchObject({
      level: "warn",
      kind: "flights",
      ip: "127.0.0.1"
    })

    const closed = ada.closed()
    await page.locator("#list-connections-rows tr", { hasText: ada.id }).getByRole("button", { name: "End…" }).click()
    await dialog.getByRole("heading", { name: `End client ${ada.id}?` }).waitFor()
    await dialog.getByRole("button", { name: "End it" }).click()
    await dialog.getByRole("button", { name: "Yes, end it now" }).click()
    expect(await closed).toBe(1008)
    await shows(() => textOf(page, "#list-connections-rows")).not.toContain(ada.id)
    expect(complaints).toEqual([])
  })

  it("says of each client's address what it is taken for and why, and of each variable what it is, when somebody asks", async () => {
    const { page, complaints } = await open({ viewport: { width: 1600, height: 900 } })
    const near = await connect()
    const far = await connect({ from: "2001:db8:1:2::7" })
    expect(await textOf(page, "#address-rows")).toBe("")
    await page.locator("#addresses-asked summary").click()
    await shows(() => textOf(page, "#address-rows")).toContain(near.id)
    const whyOf = async (id: string) =>
      (await page.locator("#address-rows tr", { hasText: id }).innerText())
        .split(/\s*\t\s*/)
        .map((cell) => cell.replace(/\n+/g, " "))
    expect(await whyOf(near.id)).toEqual([
      ...[near.id, "/", "127.0.0.1", "127.0.0.0/24", "127.0.0.1", "none"],
      "It is the address of the connection itself. It is an address of a local network, so 127.0.0.0/24 is its network."
    ])
    expect(await whyOf(far.id)).toEqual([
      ...[far.id, "/", "2001:db8:1:2::7", "2001:db8:1:2::/64", "127.0.0.1", "2001:db8:1:2::7"],
      "Told by the trusted proxy 127.0.0.1 in X-Forwarded-For. A home is given the first 64 bits of an IPv6 address, so 2001:db8:1:2::/64 is its network."
    ])
    await page.locator("#configuration-asked summary").click()
    await shows(() => textOf(page, "#configuration-rows")).toMatch(/LOG_ACCESS_KEY\s+<redacted>\s+environment/)
    expect(await textOf(page, "#configuration-rows")).toMatch(/ROOM_TTL_MINUTES\s+30\s+default/)
    expect(await textOf(page, "body")).not.toContain(key)
    expect(complaints).toEqual([])
  })

  it("tells a room's story", async () => {
    const { page, complaints } = await open()
    const { code, host } = await makeRoom(server, "Radia", hostile)
    const attached = await connect()
    attached.send({ type: "attach-room", roomCode: code, participantId: host })
    await attached.until("room-attached")
    const room = page.locator("#room-rows tr", { hasText: code.slice(0, 3) })
    await room.getByRole("button").click()
    await shows(() => textOf(page, "#story-participants")).toMatch(/host Radia: has not said that it is ready/)
    expect(await textOf(page, "#story-participants")).toContain(`guest ${hostile}`)
    expect(await textOf(page, "#story-timeline")).toMatch(/Radia took a seat \(transfer\)/)
    expect(await textOf(page, "#story-summary")).toContain("stays as long as somebody is attached")
    expect(complaints).toEqual([])
  })

  it("asks a person for the key, and takes no wrong one", async () => {
    const page = await (await browser.newContext()).newPage()
    const answer = await page.goto(`${server.http}/tower`)
    expect([answer?.status(), await page.getByRole("alert").count()]).toEqual([403, 0])
    await page.getByLabel("Key").fill("wrong")
    await page.getByRole("button", { name: "Open" }).click()
    await page.getByRole("alert").waitFor()
    await page.getByLabel("Key").fill(key)
    await page.getByLabel("Key").press("Enter")
    await page.getByText("Live", { exact: true }).waitFor()
  })

  it("never shows a drawing's letters smaller than 10 px, however small it is made", async () => {
    const { page, complaints } = await open({ viewport: { width: 360, height: 740 } })
    await page.locator("#chart-flight > summary").click()
    const drawing = page.locator("#chart-flight .drawing")
    const scale = () =>
      drawing.evaluate((frame: any) => {
        const picture = frame.shadowRoot.querySelector("svg")
        return picture.getBoundingClientRect().width / Number(picture.getAttribute("width"))
      })
    expect(await scale()).toBe(1)
    for (let count = 0; count < 9; count++) await drawing.press("-")
    expect((await scale()) * 12).toBeCloseTo(10, 1)
    await page.locator("#chart-flight").getByRole("button", { name: "Larger" }).click()
    await page.locator("#chart-flight").getByRole("button", { name: "Larger" }).click()
    expect(await scale()).toBeGreaterThan(1.2)
    const moved = () => drawing.evaluate((frame: any) => frame.scrollLeft)
    await drawing.evaluate((frame: any) => frame.scrollTo(0, 0))
    const box = (await drawing.boundingBox()) as { x: number; y: number; width: number; height: number }
    await page.mouse.move(box.x + box.width - 20, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width - 60, box.y + 20)
    await page.mouse.up()
    expect(await moved()).toBeGreaterThan(20)
    expect(complaints).toEqual([])
  })

  it("colours the states of a drawing by how many are in them", async () => {
    const { page, complaints } = await open()
    await page.locator("#chart-flight > summary").click()
    const look = () =>
      page.evaluate(`[...document.querySelector("#chart-flight .drawing").shadowRoot.querySelectorAll("g.state")].map(
        (group) => [
          group.dataset.state,
          group.querySelector(".count").textContent,
          getComputedStyle(group.querySelector("rect")).fill
        ]
      )`)
    const white = "rgb(255, 255, 255)"
    // It is fetched when it is wanted.
    await page.locator("#chart-flight .drawing").waitFor()
    await shows(look).toEqual([
      ["waiting", "", white],
      ["paired", "", white]
    ])
    await openFlight("Ada", "Grace")
    await shows(look).toEqual([
      ["waiting", "", white],
      ["paired", "1", expect.not.stringContaining(white)]
    ])
    expect(complaints).toEqual([])
  })

  it("shows hostile names as the text they are", async () => {
    const { page, complaints } = await open()
    for (const name of hostiles) {
      // What would turn the direction of the writing is seen to be there.
      const shown = name.replace("\u202e", "\ufffd")
      const { clients } = await openFlight(name, name)
      await shows(() => textOf(page, "#flight-rows")).toContain(`${shown}, ${shown}`)
      await shows(() => textOf(page, "#feed")).toContain(`is called ${shown}`)
      const row = page.locator("#list-connections-rows tr", { hasText: clients[0].id })
      await shows(() => row.locator("td").first().textContent()).toBe(shown)
    }
    expect(await page.locator("body").textContent()).not.toContain("\u202e")
    expect(await page.locator("#flight-rows tr").count()).toBe(hostiles.length)
    await page.locator("#flight-rows tr", { hasText: hostile }).locator("button.code").click()
    await shows(() => textOf(page, "#story-participants")).toContain(hostile)
    expect(await page.title()).toBe("silktower")
    expect(await page.locator("main img, main script, dialog img, dialog script").count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it("shows refused origins as the text they are, with what would let them in", async () => {
    const { page, complaints } = await open()
    await shows(() => textOf(page, "#origins-caption")).toContain("No page has been refused")
    const refuse = (origin: string) =>
      fetch(`${server.http}/api/rooms`, { method: "POST", headers: { origin }, body: "{}" })
    // Those of header characters only: others reach no server.
    const origins = [...hostiles.filter((text) => !/[^\x20-\xff]/.test(text)), `https://${hostile}`, "null"]
    for (const origin of [...origins, "https://new.example", "https://new.example"]) {
      expect((await refuse(origin)).status).toBe(403)
    }
    await shows(() => textOf(page, "#origins-total")).toBe(String(origins.length + 2))
    await shows(() => textOf(page, "#tile-refused-origins")).toMatch(
      new RegExp(`^Refused by origin\\s+${origins.length + 2}\\s+changes ${origins.length + 2}$`)
    )
    const rows = page.locator("#origin-rows tr")
    expect(await rows.count()).toBe(origins.length + 1)
    expect((await rows.first().innerText()).split("\t").map((text) => text.trim())).toEqual([
      "https://new.example",
      "changes",
      "2",
      expect.stringMatching(/^\d+ s ago$/),
      "ALLOWED_ORIGINS=https://dropsilk.xyz,https://www.dropsilk.xyz,https://dropsilk.vercel.app,app://.,https://new.example"
    ])
    for (const shown of [hostile, "</…", "&lt;b&gt;", `https://${hostile}`]) {
      expect(await page.locator("#origin-rows th").allInnerTexts()).toContain(shown)
    }
    expect(await page.locator("#origin-rows", { hasText: "Serve the page over HTTP" }).count()).toBe(1)
    expect(await page.title()).toBe("silktower")
    expect(await page.locator("main img, main script").count()).toBe(0)
    const long = `https://${"w".repeat(60)}.${"w".repeat(60)}.${"w".repeat(60)}.example`
    await refuse(long)
    await shows(() => textOf(page, "#origin-rows")).toContain(long)
    for (const width of [360, 1600]) {
      await page.setViewportSize({ width, height: 740 })
      const [wide, room] = await page.evaluate<[number, number]>(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
      )
      expect(wide).toBeLessThanOrEqual(room)
    }
    expect(complaints).toEqual([])
  })

  it("opens a flight's story by keyboard, keeps it up to date, and gives the focus back", async () => {
    const { page, complaints } = await open()
    const { shown: code, clients } = await openFlight("Ada", "Grace")
    const button = page.getByRole("button", { name: code })
    await button.waitFor()
    const focused = () => page.evaluate<string>("document.activeElement.textContent")
    for (let presses = 0; (await focused()) !== code; presses++) {
      expect(presses).toBeLessThan(50)
      await page.keyboard.press("Tab")
    }
    await page.keyboard.press("Enter")
    const dialog = page.getByRole("dialog", { name: `Flight ${code}` })
    await dialog.waitFor()
    await shows(() => textOf(page, "#story-timeline")).toContain("Grace joined")
    expect(await textOf(page, "#story-summary")).toContain("signals exchanged: 0")
    const [host, guest] = clients
    host.send({ type: "signal", data: "hello" })
    await guest.until("signal")
    await shows(() => textOf(page, "#story-summary")).toContain("signals exchanged: 1")
    await guest.close()
    await shows(() => textOf(page, "#story-timeline")).toContain("Grace left")
    await page.keyboard.press("Escape")
    await dialog.waitFor({ state: "hidden" })
    expect(await focused()).toBe(code)
    expect(complaints).toEqual([])
  })

  it("shows the list of a protocol that it has no view of its own for, and hides what nobody brings", async () => {
    const crews = createActor(createSupervisor({ now: () => 0 }), {
      input: {
        kind: "crews",
        chart: createMachine({ context: ({ input }) => input as object }),
        restart: "temporary"
      }
    }).start() as unknown as SupervisorRef
    const began = Date.now() - 7_200_000
    const since = (actor: AnyActorRef) => (actor.getSnapshot() as { context: { at: number } }).context.at
    const watch = createWatch({
      tower: createActor(createMachine({ initial: "open", states: { open: {} } })).start(),
      kinds: () => [{ kind: "crews", chart: "crew" }],
      supervisor: () => crews,
      registry: { send: () => {} },
      vitals: createVitalSigns({
        parts: [],
        refusals: () => ({ budgets: {}, origins: {} }),
        delayResolutionMs: limits.watchDelayResolutionMs
      }),
      parts: [
        {
          sections: [
            {
              name: "story",
              kind: "crews",
              table: {
                title: "Crews",
                caption: "Who is up there.",
                columns: [
                  { title: "Crew", shows: "text" },
                  { title: "Heads", shows: "number" },
                  { title: "For", shows: "age" }
                ]
              },
              cells: (actor) => [actor.id, 1_234, since(actor)]
            }
          ],
          shownIds: {}
        }
      ],
      version: "1.2.3",
      startedAt: 0,
      now: () => Date.now(),
      refusedOrigins: () => ({ times: 0, most: 0, rows: [] }),
      onFault: (error) => {
        throw error
      },
      limits
    })
    const surface = await surfaceForThisTest([
      {
        mount: "/",
        part: corePart({
          readiness: async () => "ready",
          metrics: { text: async () => "", contentType: "text/plain" },
          tower: {
            gate: () => true,
            watch,
            settings: [],
            clients: () => ({ total: 0, rows: [] }),
            where: () => [],
            onEnded: () => {},
            chartNames: () => [],
            charts: pathToFileURL(`${directory}/`),
            limits
          }
        })
      }
    ])
    const page = await (await browser.newContext()).newPage()
    try {
      await page.goto(`http://127.0.0.1:${surface.port}/tower`)
      await shows(() => textOf(page, "#list-story-caption")).toBe("Crews: none at the moment.")
      crews.send({ type: "child.start", id: hostile, input: { at: began } })
      await shows(() => textOf(page, "#list-story-rows")).toMatch(/\s1,234\s+2 h$/)
      expect(await textOf(page, "#list-story-rows th")).toBe(hostile)
      expect(await textOf(page, "#list-story-caption")).toBe("Who is up there.")
      await page.getByRole("link", { name: "Crews" }).click()
      expect(await page.locator("#flights, #rooms").filter({ visible: true }).count()).toBe(0)
      expect(await textOf(page, "#chart-crew h3")).toBe("crew")
    } finally {
      await page.close()
      crews.stop()
    }
  })

  it.each(["light", "dark"] as const)("fits a phone and a wall in %s", async (colorScheme) => {
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 1600, height: 900 }
    ]) {
      const { page } = await open({ colorScheme, viewport })
      await openFlight("W".repeat(50), "m ".repeat(24))
      await shows(() => textOf(page, "#flight-rows")).toContain("W".repeat(50))
      const [wide, room, paper] = await page.evaluate<[number, number, string]>(`[
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
        getComputedStyle(document.documentElement).backgroundColor
      ]`)
      const lightness = (paper.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)
      expect(wide).toBeLessThanOrEqual(room)
      if (colorScheme === "dark") expect(lightness).toBeLessThan(3 * 64)
      else expect(lightness).toBeGreaterThan(3 * 192)
    }
  })

  it("has headings, landmarks and tables that a screen reader can walk", async () => {
    const { page } = await open()
    for (const role of ["banner", "navigation", "main", "contentinfo"] as const) {
      expect(await page.getByRole(role).count()).toBe(1)
    }
    for (const name of [
      "Now",
      "Addresses",
      "Configuration",
      "Supervisors",
      "Flights",
      "Rooms",
      "Events",
      "Crashes",
      "Refused origins",
      "Statecharts"
    ]) {
      expect(await page.getByRole("heading", { level: 2, name: new RegExp(`^${name}`) }).count()).toBe(1)
    }
    await page.getByRole("table", { name: /tree of supervisors/ }).waitFor()
    await page.getByRole("rowheader", { name: /^connections/ }).waitFor()
    await page.getByRole("button", { name: "Pause" }).press("Enter")
    await page.getByRole("button", { name: "Pause", pressed: true }).waitFor()
  })

  it("says so when the stream is cut, and goes on by itself when the server is back", async () => {
    const place = await mkdtemp(join(tmpdir(), "silktower-"))
    const environment = { DATA_DIR: place, LOG_ACCESS_KEY: key }
    const first = await startServer(environment)
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${first.http}/tower?key=${encodeURIComponent(key)}`)
    await page.getByText("Live", { exact: true }).waitFor()
    await first.stop()
    await page.getByText(/Trying again in/).waitFor()
    const second = await startServer({ ...environment, PORT: String(first.port) })
    try {
      await page.getByText("Live", { exact: true }).waitFor()
      const client = await second.connect()
      await shows(() => branch(page, "connections").innerText()).toBe("1")
      await client.close()
    } finally {
      await page.close()
      await second.stop()
      await rm(place, { recursive: true, force: true })
    }
  })
})
