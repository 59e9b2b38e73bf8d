import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { loadConfig } from "../../../../src/config/config.ts"
import { createOriginPolicy } from "../../../../src/io/admission/origin.ts"
import { createOriginAdvice } from "../../../../src/io/admission/originAdvice.ts"
import { protocols } from "../../../../src/protocols.ts"

type Environment = Readonly<Record<string, string>>

/** A server's policy and advice, as an operator has set it. */
const start = async (environment: Environment, commandLine: readonly string[] = []) => {
  const { environment: kind, origins } = await Effect.runPromise(loadConfig(environment, commandLine, protocols))
  const policy = createOriginPolicy({
    environment: kind,
    ...origins,
    ownAddresses: () => ["192.168.7.20", "10.1.2.3", "fd00::7"]
  })
  return { policy, advise: createOriginAdvice({ ...origins, localPort: policy.localPort }) }
}

/** What an operator does with a setting: puts it into the environment, or types the command. */
const follow = (setting: string, environment: Environment, commandLine: readonly string[]) => {
  const [, name, value] = /^([A-Z_]+)=(\S+)$/.exec(setting) ?? []
  if (name !== undefined && value !== undefined) return start({ ...environment, [name]: value }, commandLine)
  expect(setting).toMatch(/^npm start -- --/)
  return start(environment, setting.split(" ").slice(3))
}

const beginnings: readonly (readonly [string, Environment, readonly string[]])[] = [
  ["nothing is set", {}, []],
  ["others are listed", { ALLOWED_ORIGINS: "https://a.example, app://." }, ["--allow-local-port=3000"]],
  ["there is a pattern", { VERCEL_PREVIEW_ORIGIN_REGEX: "^https://pr-\\d+\\.example\\.org$" }, []]
]

describe.each(beginnings)("where %s, the setting for a refused origin", (_, environment, commandLine) => {
  it.each([
    "https://new.example",
    "HTTPS://New.Example:443/path?x=1",
    "http://new.example:8080",
    "http://10.0.0.7:5173",
    "http://192.168.7.21:5173",
    "http://[::1]:5173",
    "https://localhost:5173",
    "app://other",
    "capacitor://localhost",
    "chrome-extension://abcdefghijklmnop",
    "http://localhost:5173",
    "http://LOCALHOST",
    "http://127.0.0.1:5173",
    "http://192.168.7.20:5173",
    "https://10.1.2.3:8443",
    "http://app.localhost:5173",
    "http://printer.local:5173"
  ])("lets %s in, and keeps what was let in before", async (origin) => {
    const before = await start(environment, commandLine)
    expect(before.policy.allows(origin)).toBe(false)
    const { setting } = before.advise(origin)
    const after = await follow(setting ?? "", environment, commandLine)
    expect(after.policy.allows(origin)).toBe(true)
    const listed = (await Effect.runPromise(loadConfig(environment, commandLine, protocols))).origins
    for (const known of listed.allowed) expect(after.policy.allows(known)).toBe(true)
    for (const port of listed.localPorts) expect(after.policy.allows(`http://localhost:${port}`)).toBe(true)
    if ("VERCEL_PREVIEW_ORIGIN_REGEX" in environment) expect(after.policy.allows("https://pr-1.example.org")).toBe(true)
  })
})

describe("advice", async () => {
  const { advise } = await start({})

  it("is the whole setting", async () => {
    expect(advise("https://new.example").setting).toBe(
      "ALLOWED_ORIGINS=https://dropsilk.xyz,https://www.dropsilk.xyz,https://dropsilk.vercel.app,app://.,https://new.example"
    )
    for (const host of ["localhost", "app.localhost", "127.0.0.1", "192.168.7.20", "10.1.2.3", "[::1]", "[fd00::7]"]) {
      expect(advise(`http://${host}:5173`).setting).toBe("npm start -- --allow-local-port=5173")
      expect(advise(`https://${host}:5173`).setting).toBe("npm start -- --allow-local-port=5173")
      expect(advise(`https://${host}`).setting).toBe("npm start -- --allow-local-port=443")
    }
    for (const host of ["10.1.2.4", "printer.local", "[fd00::8]"]) {
      expect(advise(`http://${host}:5173`).setting).toMatch(/^ALLOWED_ORIGINS=.*,http:\/\//)
    }
    expect((await start({}, ["--allow-local-port=3000"])).advise("http://localhost:5173").setting).toBe(
      "npm start -- --allow-local-port=3000 --allow-local-port=5173"
    )
  })

  it.each([
    [undefined, "(none)", /must come with an Origin header/],
    ["null", "null", /opened as files/],
    ["file://", "file://", /opened as files/]
  ])("for %s says why there is no setting", (origin, shown, hint) => {
    expect(advise(origin)).toEqual({ origin: shown, setting: null, hint: expect.stringMatching(hint) })
  })

  it.each(
    (
      [
        ["", ""],
        ["new.example", "new.example"],
        // All of these are hosts to the URL standard, and commands to a shell.
        ["https://$(reboot).example", "https://$(reboot).example"],
        ["https://x;reboot;.example", "https://x;reboot;.example"],
        ["https://`reboot`.example", "https://`reboot`.example"],
        ["https://a.example,https://b.example", "https://a.example,https:/…"],
        ["app://a,app://b", "app://a,app:/…"],
        ["app://x&reboot", "app://x&reboot"],
        ["app://.x/path", "app://.x/…"],
        ["https://user:secret@new.example", "https://<redacted>@new.example"],
        ["https://new.example:99999", "https://new.example:99999"],
        // The server would not start with these: no page has them.
        ["https://*.new.example", "https://*.new.example"],
        ["https://new..example", "https://new..example"],
        ["ws://new.example", "ws://new.example"],
        ["file://new.example", "file://new.example"],
        ["APP://other", "APP://other"],
        ["http://localhost:0", "http://localhost:0"],
        ["https://new.example:0", "https://new.example:0"],
        ['<img src=x onerror="alert(1)">', '<img src=x onerror="alert(1)">'],
        ["https://\u009b31mred\u0085\u0000", "https://\ufffd31mred\ufffd\ufffd"],
        ["a".repeat(5000), `${"a".repeat(100)}…`],
        [`https://${"a.".repeat(5000)}example`, `https://${"a.".repeat(46)}…`]
      ] as const
    ).map(([origin, shown]) => [shown, origin] as const)
  )("shows %j as the text it is, and gives no setting that holds it", (shown, origin) => {
    expect(advise(origin)).toEqual({
      origin: shown,
      setting: null,
      hint: expect.stringContaining("No setting lets it in")
    })
  })
})
