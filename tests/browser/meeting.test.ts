import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { describeInChromium, useBrowser } from "../support/browser.ts"
import { freePort } from "../support/freePort.ts"
import { type ServerProcess, startProcess } from "../support/process.ts"
import { poll, withoutBudgets } from "../support/server.ts"
import { startWay } from "../support/standIns/way.ts"
import { useServer } from "../support/useServer.ts"
import { useFolder } from "../support/useThroughout.ts"
import { makeFile, Newcomer, usePage } from "./newcomer.ts"

/** Those that an operator has who sets none: a page as it is meant to be does not meet them. */
const usualBudgets = Object.fromEntries(Object.keys(withoutBudgets).map((name) => [name, ""]))

describeInChromium("two people in Chromium", (chromium) => {
  const directory = useFolder()
  const pages = usePage()
  let people: Newcomer[] = []
  let filesMade = 0
  beforeEach(() => {
    people = []
  })
  // After the browser has closed their pages.
  afterEach(() => expect(people.flatMap((person) => person.faults)).toEqual([]))
  const browser = useBrowser(chromium)

  /** In a browser of their own, as far as the page can tell. */
  const comes = async (name: string, server: string) => {
    const person = await Newcomer.at(await browser.newContext(), `http://localhost:${pages.port}/`, server)
    people.push(person)
    await person.connected()
    await person.call(name)
    return person
  }

  /** As many bytes as are wanted, and one more for each file before it. */
  const newFile = (bytes = 200_000) => makeFile(directory, `file-${++filesMade}.bin`, bytes + filesMade)

  const handsOver = async (from: Newcomer, to: Newcomer) => {
    const file = await newFile()
    await from.choose(file)
    expect(await to.received(file)).toBe(file.sha256)
    await from.sent(file)
  }

  /** Two who have met in a room and handed over a file. Each may have a way of their own to the server. */
  const pair = async (hostServer: string, guestServer = hostServer, names = ["Ada", "Grace"]) => {
    const [host, guest] = [await comes(names[0]!, hostServer), await comes(names[1]!, guestServer)]
    const code = await host.host()
    expect(await guest.join(code)).toBe(true)
    await handsOver(guest, host)
    return { host, guest, code }
  }

  const shows = <A>(look: () => Promise<A>) => expect.poll(look, { timeout: 20_000 })
  const allowed = () => `--allow-local-port=${pages.port}`

  describe("whose server stays", () => {
    const server = useServer(usualBudgets, {}, () => [allowed()])

    it("meet by the button Invite, which the host presses before anybody is attached", async () => {
      const [ada, grace] = [await comes("Ada", server.http), await comes("Grace", server.http)]
      await ada.invite("Grace")
      await grace.accept("Ada")
      expect(await grace.code()).toBe(await ada.code())
      await Promise.all([ada.sees("Grace"), grace.sees("Ada")])
      for (const person of [ada, grace]) expect(await person.heard("room-")).toEqual([])
      await handsOver(ada, grace)
      await handsOver(grace, ada)
      for (const person of [ada, grace]) expect(await person.connectionsMade()).toBe(1)
    })

    it("meet although the guest's page was loaded again and remembers nothing but its name", async () => {
      const [ada, grace] = [await comes("Ada", server.http), await comes("Grace", server.http)]
      const code = await ada.host()
      expect(await grace.join(code)).toBe(true)
      await Promise.all([ada.sees("Grace"), grace.sees("Ada")])
      const { participantId } = await grace.remembered()
      await grace.forgetRoom()
      await grace.page.reload()
      await grace.connected()
      expect(await grace.join(code)).toBe(true)
      expect((await poll(server, code, participantId)).status).toBe(404)
      await Promise.all([ada.sees("Grace"), grace.sees("Ada")])
      await handsOver(grace, ada)
      await handsOver(ada, grace)
      for (const person of [ada, grace]) expect(await person.heard("error")).toEqual([])
    })

    it.each(["host", "guest"])("go on with a running transfer when the %s's socket breaks off", async (role) => {
      const way = await startWay(server.http)
      onTestFinished(() => way.close())
      const broken = new URL(way.url).origin
      const { host, guest } = await (role === "host" ? pair(broken, server.http) : pair(server.http, broken))
      const [sender, other] = role === "host" ? [host, guest] : [guest, host]
      const large = await newFile(16 * 1024 * 1024)
      // However fast this machine is, the transfer is under way until the sockets are back.
      await sender.restDiskAfter(12 * 1024 * 1024)
      await sender.choose(large)
      await other.receives(large)
      way.cut()
      way.mend()
      await shows(() => other.peers()).toEqual(["peer-joined", "peer-joined"])
      await shows(() => sender.peers()).toEqual(["peer-joined", "peer-joined"])
      expect((await other.files()).join()).not.toContain(large.name)
      await sender.wakeDisk()
      expect(await other.received(large)).toBe(large.sha256)
      await sender.sent(large)
      await handsOver(other, sender)
      for (const person of [host, guest]) {
        expect(await person.peers()).toEqual(["peer-joined", "peer-joined"])
        expect(await person.connectionsMade()).toBe(1)
      }
    })

    it.each(["host", "guest"])("meet again after the %s's page was loaded again", async (role) => {
      const { host, guest } = await pair(server.http)
      const [loaded, other] = role === "host" ? [host, guest] : [guest, host]
      const before = await loaded.remembered()
      await loaded.page.reload()
      await shows(() => other.peers()).toEqual(["peer-joined", "peer-left", "peer-joined"])
      expect(await loaded.remembered()).toEqual(before)
      await handsOver(loaded, other)
      await handsOver(other, loaded)
      expect(await loaded.heard("error")).toEqual([])
    })

    it("meet again after both pages were loaded again at once", async () => {
      const { host, guest, code } = await pair(server.http)
      await Promise.all([host.page.reload(), guest.page.reload()])
      await handsOver(host, guest)
      await handsOver(guest, host)
      for (const person of [host, guest]) {
        expect(await person.code()).toBe(code)
        expect(await person.heard("error")).toEqual([])
      }
    })
  })

  describe("whose server is stopped and started", () => {
    let environment: Readonly<Record<string, string>>
    let server: ServerProcess
    const start = async () => {
      server = await startProcess(environment, [process.execPath, "src/main.js", allowed()])
    }
    beforeAll(async () => {
      environment = { PORT: String(await freePort()), DATA_DIR: join(directory, "restarts"), ...usualBudgets }
      await start()
    })
    afterAll(() => server.kill())

    it("keep their room and their connection, and whoever stays takes a new guest", async () => {
      const { host: ada, guest: grace, code } = await pair(server.http)
      expect(await server.end("SIGTERM")).toBe(0)
      await handsOver(ada, grace)
      await start()
      for (const person of [ada, grace]) {
        await shows(() => person.peers()).toEqual(["peer-joined", "peer-joined"])
        expect(await person.code()).toBe(code)
      }
      await handsOver(grace, ada)
      for (const person of [ada, grace]) expect(await person.connectionsMade()).toBe(1)

      await grace.page.close()
      await shows(() => ada.peers()).toEqual(["peer-joined", "peer-joined", "peer-left"])
      const joan = await comes("Joan", server.http)
      expect(await joan.join(code)).toBe(true)
      await ada.sees("Joan")
      await handsOver(joan, ada)
    })

    it("let others in for those who have closed their pages meanwhile", async () => {
      const first = await pair(server.http)
      const second = await pair(server.http, server.http, ["Edsger", "Radia"])
      await server.kill()
      for (const { guest } of [first, second]) await guest.page.close()
      await start()
      for (const { host } of [first, second]) await host.connected()

      const grace = await comes("Grace", server.http)
      expect(await grace.join(first.code)).toBe(true)
      await handsOver(grace, first.host)

      const joan = await comes("Joan", server.http)
      await expect.poll(() => joan.join(second.code), { timeout: 15_000, interval: 500 }).toBe(true)
      await second.host.sees("Joan")
      await handsOver(second.host, joan)
    })
  })
})
