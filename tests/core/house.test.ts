/** A whole protocol, served beside the others: nothing else changes for it. */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Schema from "effect/Schema"
import { sql } from "slonik"
import { expect, it } from "vitest"
import { assign, setup } from "xstate"
import { protocolSettings } from "../../src/config/protocolSettings.ts"
import { wholeNumber } from "../../src/config/variables.ts"
import { httpPart } from "../../src/http/httpPart.ts"
import { type Core, defineProtocol } from "../../src/protocol.ts"
import { protocols } from "../../src/protocols.ts"
import { type ConnectOptions, connect } from "../support/server.ts"
import { TowerWatcher } from "../support/towerStream.ts"
import { serverForThisTest } from "../support/useServer.ts"
import { folderForThisTest } from "../support/useThroughout.ts"

type TeaEvent = { readonly name: "tea:poured"; readonly pot: string }

const teapot = setup({
  types: { context: {} as { id: string; cups: number }, events: {} as { type: "pour" }, input: {} as { id: string } },
  actions: { record: (_, _event: TeaEvent) => {}, count: assign({ cups: ({ context }) => context.cups + 1 }) }
}).createMachine({
  id: "teapot",
  context: ({ input }) => ({ ...input, cups: 0 }),
  initial: "warm",
  states: {
    warm: {
      on: {
        pour: {
          actions: ["count", { type: "record", params: ({ context }) => ({ name: "tea:poured", pot: context.id }) }]
        }
      }
    }
  }
})

const cups = HttpApiEndpoint.get("cups", "/cups", { success: Schema.Struct({ cups: Schema.Int }) })
const TeaApi = HttpApi.make("tea").add(HttpApiGroup.make("tea").add(cups))

const open = (core: Core, { pours }: { readonly pours: number }) => {
  const budget = core.budget("pours", { atOnce: pours, perSecond: 0.001 })
  const { record } = core.recorder.of<TeaEvent>({
    "tea:poured": {
      line: { level: "info", budget: null, fields: ({ pot }) => ({ pot }) },
      counter: { name: "tea_poured_total", help: "Cups of tea." },
      feed: { says: "poured from", parts: ({ pot }) => ({ code: pot }) }
    }
  })
  const table = sql.identifier([core.database.schema, "cups"])
  const from = { kind: "tables", id: "tea" }
  const potOf = (id: string) => ({ kind: "teapots", id })
  return {
    kinds: [
      {
        kind: "teapots",
        chart: teapot.provide({ actions: { record: (_, event) => record(event) } }),
        restart: "temporary" as const
      }
    ],
    sockets: {
      opened: (socket: { id: string; send(text: string): void }) => {
        socket.id = "brown"
        core.registry.send({ type: "start", to: potOf(socket.id), from, input: { id: socket.id } })
        socket.send(JSON.stringify({ type: "registered", id: socket.id }))
      },
      frame: async (socket: { id: string; address: string; send(text: string): void }) => {
        if (budget.take(socket.address, socket.address) > 0) return socket.send(JSON.stringify({ type: "wait" }))
        core.registry.send({ type: "tell", to: potOf(socket.id), from, event: { type: "pour" } })
        await core.database.pool.query(sql.unsafe`insert into ${table} (pot) values (${socket.id})`)
        socket.send(JSON.stringify({ type: "poured" }))
      },
      closed: () => {},
      failed: () => {}
    },
    http: httpPart({
      api: TeaApi,
      handlers: HttpApiBuilder.group(TeaApi, "tea", (handlers) =>
        handlers.handle("cups", () =>
          Effect.promise(async () => ({
            cups: Number(await core.database.pool.oneFirst(sql.unsafe`select count(*) from ${table}`))
          }))
        )
      ),
      budgets: { "/cups": ["requests"] },
      cors: []
    }),
    tower: {
      shownIds: {},
      sections: [
        {
          name: "teapots",
          kind: "teapots",
          table: { title: "Teapots", caption: "All of them", columns: [{ title: "Pot", shows: "text" as const }] },
          cells: (pot: { id: string }) => [pot.id]
        }
      ]
    }
  }
}

it("serves a protocol of its own beside the others, with its actors, sockets, routes, tables, events and budgets", async () => {
  const migrations = join(await folderForThisTest(), "migrations")
  await mkdir(migrations)
  await writeFile(join(migrations, "0001_tea_cups.sql"), "create table cups (pot text not null)")
  const settings = protocolSettings({
    variables: { MAX_POURS: wholeNumber("pours", 1, 1, 9) },
    read: ({ MAX_POURS }): { readonly pours: number } => ({ pours: MAX_POURS })
  })
  const tables = { cups: { columns: ["pot"], given: ["pot"] } }
  const tea = defineProtocol({ name: "tea", mount: "/tea", settings, tables, migrations, open })
  const server = await serverForThisTest({ MAX_POURS: "2", LOG_ACCESS_KEY: "key" }, { protocols: [...protocols, tea] })
  const watcher = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
  await watcher.until(({ branches }) => branches.some(({ kind }) => kind === "teapots"))

  const client = await connect(server.ws, { path: "/tea" } satisfies ConnectOptions)
  for (let at = 0; at < 3; at++) client.send("please")
  await client.until("wait")
  await client.until("poured")
  await client.until("poured")

  expect(await (await fetch(`${server.http}/tea/cups`)).json()).toEqual({ cups: 2 })
  expect(
    Object.keys(((await (await fetch(`${server.http}/openapi.json`)).json()) as { paths: object }).paths)
  ).toContain("/tea/cups")
  const counted = await (await fetch(`${server.http}/metrics`)).text()
  for (const sample of ["tea_poured_total 2", 'actors{kind="teapots"} 1', 'refusals_total{budget="pours"} 1'])
    expect(counted).toContain(`silktower_${sample}\n`)
  expect(server.log().match(/"message":"tea:poured","pot":"brown"/g)).toHaveLength(2)
  const seen = await watcher.until(({ charts }, entries) => charts["teapot"]?.["warm"] === 1 && entries.length > 0)
  expect(seen).toMatchObject({ teapots: { total: 1, rows: [{ cells: ["brown"] }] } })
  // DropSilk is where it was, and takes every path that is nobody else's.
  expect((await server.connect({ path: "/teapot" })).id).toMatch(/^[0-9a-z]{10}$/)
  await watcher.close()
  await client.close()
})
