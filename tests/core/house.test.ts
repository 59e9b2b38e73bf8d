/** A whole protocol, served beside the others: nothing else changes for it. */
import { Effect, Schema } from "effect"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { sql } from "slonik"
import { expect, it } from "vitest"
import { setup } from "xstate"
import { protocolSettings } from "../../src/config/protocolSettings.ts"
import { wholeNumber } from "../../src/config/variables.ts"
import { httpPart } from "../../src/http/httpPart.ts"
import { type Core, defineProtocol, type Parts } from "../../src/protocol.ts"
import { protocols } from "../../src/protocols.ts"
import { connect } from "../support/server.ts"
import { TowerWatcher } from "../support/towerStream.ts"
import { serverForThisTest } from "../support/useServer.ts"
import { folderWith } from "../support/useThroughout.ts"

type TeaEvent = { readonly name: "tea:poured"; readonly pot: string }
const teapot = setup({
  types: { context: {} as { id: string }, events: {} as { type: "pour" }, input: {} as { id: string } },
  actions: { record: (_, _event: TeaEvent) => {} }
}).createMachine({
  id: "teapot",
  context: ({ input }) => input,
  initial: "warm",
  states: { warm: {} },
  on: { pour: { actions: { type: "record", params: ({ context }) => ({ name: "tea:poured", pot: context.id }) } } }
})

const line = { level: "info", budget: null, fields: ({ pot }: TeaEvent) => ({ pot }) } as const
const counter = { name: "pours_total", help: "Cups of tea." }
const cups = HttpApiEndpoint.get("cups", "/cups", { success: Schema.Array(Schema.String) })
const TeaApi = HttpApi.make("tea").add(HttpApiGroup.make("tea").add(cups))
const pot = { kind: "teapots", id: "brown" }

const open = (core: Core, { POURS }: { readonly POURS: number }): Parts => {
  const { pool } = core.database
  const budget = core.budget("pours", { atOnce: POURS, perSecond: 0.001 })
  const { record } = core.recorder.of<TeaEvent>({ "tea:poured": { line, counter } })
  const chart = teapot.provide({ actions: { record: (_, event) => void record(event) } })
  const drunk = Effect.promise(() => pool.anyFirst(sql.unsafe`select pot from cups`) as Promise<readonly string[]>)
  const handlers = HttpApiBuilder.group(TeaApi, "tea", (handlers) => handlers.handle("cups", () => drunk))
  return {
    kinds: [{ kind: "teapots", chart, restart: "temporary" }],
    sockets: {
      opened: (socket) => {
        core.registry.send({ type: "start", to: pot, from: pot, input: pot })
        socket.send('{"type":"registered"}')
      },
      frame: async (socket) => {
        if (budget.take("everybody", socket.address) > 0) return socket.send('{"type":"wait"}')
        core.registry.send({ type: "tell", to: pot, from: pot, event: { type: "pour" } })
        await pool.query(sql.unsafe`insert into cups (pot) values (${pot.id})`)
        socket.send('{"type":"poured"}')
      },
      closed: () => {},
      failed: () => {}
    },
    http: httpPart({ api: TeaApi, handlers, budgets: { "/cups": ["requests"] }, cors: [] })
  }
}

it("serves another protocol, with its actors, socket, route, table, event and budget", async () => {
  const migrations = await folderWith({ "0001_tea_cups.sql": "create table cups (pot text not null)" })
  const variables = { POURS: wholeNumber("pours", 1, 1, 9) }
  const settings = protocolSettings({ variables, read: (values) => values })
  const tables = { cups: { columns: ["pot"], given: ["pot"] } }
  const homes = { homes: {}, belongings: {}, claims: [] }
  const tea = defineProtocol({ name: "tea", mount: "/tea", settings, tables, migrations, homes, open })
  const server = await serverForThisTest({ POURS: "2", LOG_ACCESS_KEY: "key" }, { protocols: [...protocols, tea] })
  const client = await connect(server.ws, { path: "/tea" })
  for (const text of ["one", "two", "three"]) client.send(text)
  for (const type of ["wait", "poured", "poured"]) await client.until(type)
  const read = async (path: string) => (await fetch(server.http + path)).text()
  expect(await read("/tea/cups")).toBe('["brown","brown"]')
  expect(JSON.parse(await read("/openapi.json")).paths).toHaveProperty(["/tea/cups"])
  expect(await read("/metrics")).toMatch(/refusals_total\{budget="pours"\} 1\n[^]*pours_total 2\n/)
  expect(server.log().match(/"message":"tea:poured","pot":"brown"/g)).toHaveLength(2)
  const tower = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
  await tower.until(({ charts }) => charts["teapot"]?.["warm"] === 1)
  expect((await server.connect({ path: "/teapot" })).id).toMatch(/^[0-9a-z]{10}$/)
})
