import { expect, it } from "vitest"
import { variableTable } from "../../src/config/config.ts"
import { shownSettings } from "../../src/config/shownSettings.ts"
import { protocols } from "../../src/protocols.ts"

const shown = async (environment: Readonly<Record<string, string>>, words: readonly string[] = []) =>
  Object.fromEntries((await shownSettings(environment, words, protocols)).map(({ name, ...rest }) => [name, rest]))

it("shows every variable with what it is, and where that is from", async () => {
  const settings = await shown({
    PORT: " 9000 ",
    ALLOWED_ORIGINS: "https://a.example,https://b.example",
    ROOM_TTL_MINUTES: ""
  })
  expect(Object.keys(settings)).toEqual(Object.keys(variableTable(protocols)))
  expect(settings["PORT"]).toEqual({ value: "9000", from: "environment", isSecret: false })
  expect(settings["ALLOWED_ORIGINS"]?.value).toBe("https://a.example,https://b.example")
  expect(settings["ROOM_TTL_MINUTES"]).toEqual({ value: "30", from: "default", isSecret: false })
  expect(settings["TRUST_PROXY"]).toMatchObject({ value: "loopback,private", from: "default" })
  expect(settings["SFU_PATH"]).toMatchObject({ value: null, from: "default" })
  const flags = await shown({ PORT: "9000" }, ["--port=9001"])
  expect(flags["PORT"]).toEqual({ value: "9001", from: "command line", isSecret: false })
})

it("shows no secret, whichever variable it is in", async () => {
  const table = variableTable(protocols)
  const secrets = Object.entries(table).flatMap(([name, { secret }]) => (secret === true ? [name] : []))
  expect(secrets).toEqual(
    expect.arrayContaining(["DATABASE_URL", "LOG_ACCESS_KEY", "TURN_SECRET", "UPLOADTHING_TOKEN"])
  )
  const settings = await shown({
    ...Object.fromEntries(secrets.map((name) => [name, "postgres://user:hunter2@127.0.0.1/name"])),
    PUBLIC_SERVER_URL: "https://user:hunter2@chat.example.org/path"
  })
  for (const name of secrets) expect(settings[name]).toMatchObject({ value: "<redacted>", isSecret: true })
  expect(settings["PUBLIC_SERVER_URL"]?.value).toBe("https://<redacted>@chat.example.org/path")
  expect(JSON.stringify(settings)).not.toContain("hunter2")
  expect((await shown({}))["TURN_SECRET"]).toEqual({ value: null, from: "default", isSecret: true })
})
