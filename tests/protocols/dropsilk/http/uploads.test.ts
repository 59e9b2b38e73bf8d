import { Redacted } from "effect"
import * as HttpApi from "effect/http-api/HttpApi"
import { sql } from "slonik"
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { corsRoutes } from "../../../../src/http/dropsilk/cors.ts"
import { type UploadsOptions, uploadHandlers } from "../../../../src/http/dropsilk/uploads.ts"
import { httpPart } from "../../../../src/http/httpPart.ts"
import { createUploadRows } from "../../../../src/io/dropsilk/previews/uploadRows.ts"
import { createUploadThing, type UploadThingOptions } from "../../../../src/io/dropsilk/previews/uploadthing.ts"
import { UploadsGroup } from "../../../../src/wire/dropsilk/thirdParties.ts"
import { createTestLog } from "../../../core/http/standIn.ts"
import { describeOnEachDatabase, describeOnPostgres, useDatabase } from "../../../support/databases.ts"
import { surfaceForThisTest } from "../../../support/httpSurface.ts"
import {
  askToUpload,
  type PresignedUpload,
  pptx,
  putFile,
  useUploadThing
} from "../../../support/standIns/uploadThing.ts"
import { serverForThisTest } from "../../../support/useServer.ts"

const megabyte = 1024 * 1024
const slides = { name: "Slides.pptx", size: 12, type: pptx }
const bytes = new Uint8Array(Buffer.from("twelve bytes"))
const routingError = { error: "UploadThing routing error" }

const uploadThing = useUploadThing()
afterEach(() => {
  for (const path of ["/route-metadata", "/callback-result", "/v6/deleteFiles"]) uploadThing.fail(path)
})

const startUploads = (options: UploadsOptions) => {
  const part = httpPart({
    api: HttpApi.make("dropsilk").add(UploadsGroup),
    handlers: uploadHandlers(options),
    budgets: { "/api/uploadthing": ["requests"] },
    cors: corsRoutes
  })
  return surfaceForThisTest([{ mount: "/", part }])
}

describeOnEachDatabase("a preview", (database) => {
  beforeEach(() => database.empty())
  const rows = async () =>
    (await database.opened().pool.any(sql.unsafe`select file_key, file_url, file_name from uploaded_files`)) as any[]

  const start = async (options: Partial<UploadThingOptions> = {}) => {
    const { lines, log } = createTestLog()
    let port = 0
    const service = createUploadThing({
      token: uploadThing.token,
      callbackUrl: () => `http://127.0.0.1:${port}/api/uploadthing`,
      unreachable: false,
      store: createUploadRows(database.opened()),
      log,
      timeoutMs: 2_000,
      listing: { files: 2, pages: 10 },
      endpoints: uploadThing.endpoints,
      ...options
    })
    const started = await startUploads({ uploadThing: service, log })
    port = started.port
    onTestFinished(() => service.close())
    const url = `http://127.0.0.1:${port}/api/uploadthing`
    return {
      ...started,
      lines,
      messages: () => lines.map(({ message }) => message),
      ask: (files: Parameters<typeof askToUpload>[1]) => askToUpload(url, files)
    }
  }
  const presigned = async (response: Response): Promise<PresignedUpload> => {
    expect(response.status).toBe(200)
    const [upload] = (await response.json()) as PresignedUpload[]
    if (upload === undefined) throw new Error("no place to put the file")
    return upload
  }

  it("is uploaded, stored with its row, and its URL is told to the client", async () => {
    const started = await start()
    const upload = await presigned(await started.ask([slides]))
    const { status, body } = await putFile(upload, slides.name, bytes)
    const url = `https://app123.ufs.sh/f/${upload.key}`
    expect([status, body.serverData]).toEqual([200, { url }])
    expect(await rows()).toEqual([{ file_key: upload.key, file_url: url, file_name: "Slides.pptx" }])
    expect(uploadThing.files.get(upload.key)?.bytes).toEqual(Buffer.from(bytes))
    expect(started.messages()).toEqual(["upload:success", "upload:db_saved"])
    expect(JSON.stringify(started.lines)).not.toMatch(new RegExp(`${uploadThing.apiKey}|${upload.key}|Slides`))
  })

  it("has one row however often UploadThing calls back", async () => {
    const started = await start()
    const upload = await presigned(await started.ask([slides]))
    await putFile(upload, slides.name, bytes)
    expect(await uploadThing.callBack(upload.key)).toBe(200)
    expect(await rows()).toHaveLength(1)
    expect(started.lines.filter(({ message }) => message === "upload:db_saved").map(({ fields }) => fields)).toEqual([
      { outcome: "inserted" },
      { outcome: "known" }
    ])
  })

  it("may have a name that no database takes as it is", async () => {
    const started = await start()
    const name = "Ünïcode 🎉 \"'); drop table rooms; --\u0000.pptx"
    const upload = await presigned(await started.ask([{ ...slides, name }]))
    expect((await putFile(upload, "x.pptx", bytes)).status).toBe(200)
    expect((await rows())[0].file_name).toBe(name.replace("\u0000", "\ufffd"))
  })

  it.each([
    ["is larger than 64 MB", [{ ...slides, size: 64 * megabyte + 1 }]],
    ["is no PowerPoint file", [{ ...slides, name: "a.pdf", type: "application/pdf" }]],
    ["is one of two", [slides, slides]],
    ["has no size", [{ name: "a.pptx", type: pptx } as never]]
  ])("that %s is refused before anything is sent", async (_, files) => {
    const started = await start()
    const before = uploadThing.asked.length
    const response = await started.ask(files)
    expect(response.status).toBe(400)
    expect(Object.keys((await response.json()) as object)).toContain("message")
    expect(uploadThing.asked.length).toBe(before)
    expect(await rows()).toEqual([])
    expect(started.lines).toMatchObject([
      { level: "warn", message: "upload:error", fields: { stage: "presign", status: 400 } }
    ])
  })

  it("is asked for in JSON, whatever its content type says", async () => {
    const started = await start()
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      const { status, json } = await started.post(
        "/api/uploadthing?actionType=upload&slug=previewUpload",
        { files: [slides] },
        type
      )
      expect([status, json]).toEqual([200, [expect.objectContaining({ name: slides.name })]])
    }
  })

  it("of 64 MB is welcome", async () => {
    const started = await start()
    await presigned(await started.ask([{ ...slides, size: 64 * megabyte }]))
  })

  it.each([
    ["of somebody else", (signature: string) => signature.replace(/.$/, (last) => (last === "0" ? "1" : "0"))],
    ["that is cut", (signature: string) => signature.slice(0, 40)],
    ["that is none", () => ""],
    ["that is no hexadecimal", () => "hmac-sha256=planted"]
  ])("is not believed in with a signature %s", async (_, alter) => {
    const started = await start()
    const upload = await presigned(await started.ask([slides]))
    expect(await uploadThing.callBack(upload.key, alter)).toBe(400)
    expect(await rows()).toEqual([])
    expect(started.lines).toMatchObject([
      { level: "warn", message: "upload:error", fields: { stage: "callback", status: 400, error: "Invalid signature" } }
    ])
  })

  it("whose row cannot be written is deleted at UploadThing again, and its owner is not told a URL", async () => {
    const started = await start()
    const { pool } = database.opened()
    await pool.query(sql.unsafe`alter table uploaded_files rename to elsewhere`)
    try {
      const upload = await presigned(await started.ask([slides]))
      const { status } = await putFile(upload, slides.name, bytes)
      expect(status).toBe(500)
      expect(uploadThing.files.has(upload.key)).toBe(false)
      expect(started.messages()).toEqual(["upload:success", "upload:error"])
      expect(JSON.stringify(started.lines)).not.toContain(upload.key)
    } finally {
      await pool.query(sql.unsafe`alter table elsewhere rename to uploaded_files`)
    }
  })

  it.each([
    ["is down", "cut" as const],
    ["is silent", "silence" as const],
    ["answers 401", { status: 401, body: '{"error":"Invalid API key"}' }],
    ["answers garbage", { status: 200, body: "<html>planted" }],
    ["answers something else", { status: 200, body: '{"ok":"planted"}' }],
    ["fails", { status: 503, body: "planted" }]
  ])("cannot be uploaded while UploadThing %s", async (_, fault) => {
    const started = await start({ timeoutMs: 500 })
    uploadThing.fail("/route-metadata", fault)
    const response = await started.ask([slides])
    expect([response.status, await response.json()]).toEqual([500, routingError])
    expect(started.lines).toMatchObject([{ level: "error", message: "upload:error" }])
    expect(JSON.stringify(started.lines)).not.toContain("planted")
    uploadThing.fail("/route-metadata")
    await presigned(await started.ask([slides]))
  })

  it("arrives on a machine that nobody can call back as well", async () => {
    const started = await start({ unreachable: true })
    const upload = await presigned(await started.ask([slides]))
    const { status, body } = await putFile(upload, slides.name, bytes)
    expect([status, body.serverData]).toEqual([200, { url: `https://app123.ufs.sh/f/${upload.key}` }])
    expect(await rows()).toHaveLength(1)
  })

  it("is announced by the list of routes, to any origin", async () => {
    const started = await start()
    const { status, json, headers } = await started.get("/api/uploadthing", { origin: "https://anywhere.example" })
    expect([status, headers["access-control-allow-origin"]]).toEqual([200, "https://anywhere.example"])
    expect(json).toMatchObject([
      { slug: "previewUpload", config: { [pptx]: { maxFileSize: "64MB", maxFileCount: 1 } } }
    ])
  })

  it.each([
    ["another route", "?actionType=upload&slug=other", 404],
    ["another action", "?actionType=planted&slug=previewUpload", 400],
    ["nothing", "", 400]
  ])("that is asked for by %s is refused by name", async (_, query, expected) => {
    const started = await start()
    const { status, json } = await started.post(`/api/uploadthing${query}`, {})
    expect([status, typeof json.message]).toEqual([expected, "string"])
  })

  it.each(["", "planted", "[]", "null"])("that is asked for with the body %j is refused", async (body) => {
    const started = await start()
    const { status } = await started.send("POST", "/api/uploadthing?actionType=upload&slug=previewUpload", {
      headers: { "content-type": "application/json" },
      body
    })
    expect(status).toBe(400)
    expect(await rows()).toEqual([])
  })
})

describe("without a token", () => {
  it.each(["GET", "POST"])("%s is a routing error", async (method) => {
    const { lines, log } = createTestLog()
    const started = await startUploads({ log })
    const { status, json } = await started.send(method, "/api/uploadthing")
    expect([status, json]).toEqual([500, routingError])
    expect(lines).toMatchObject([{ level: "error", message: "upload:error", fields: { error: /UPLOADTHING_TOKEN/ } }])
  })
})

describeOnPostgres("a server with a token", () => {
  const databaseUrl = useDatabase()
  const token = (text: string) => Buffer.from(text).toString("base64")

  it("is called back at PUBLIC_SERVER_URL", async () => {
    const server = await serverForThisTest(
      {
        DATABASE_URL: databaseUrl,
        UPLOADTHING_TOKEN: Redacted.value(uploadThing.token),
        PUBLIC_SERVER_URL: "https://signal.example.org/base/"
      },
      { endpoints: { uploadthing: uploadThing.endpoints } }
    )
    const response = await askToUpload(`${server.http}/api/uploadthing`, [slides])
    const [upload] = (await response.json()) as PresignedUpload[]
    expect(uploadThing.registrations.get(upload?.key ?? "")).toMatchObject({
      callbackUrl: "https://signal.example.org/base/api/uploadthing",
      callbackSlug: "previewUpload",
      isDev: false,
      awaitServerData: true
    })
  })

  it.each([
    ["no base64", "planted!!"],
    ["no JSON", token("planted")],
    ["no token", token('{"apiKey":"planted","appId":"a","regions":["r"]}')]
  ])("that is %s warns of it and does without previews", async (_, text) => {
    const server = await serverForThisTest({ DATABASE_URL: databaseUrl, UPLOADTHING_TOKEN: text })
    expect(server.log()).toContain("UPLOADTHING_TOKEN")
    expect(server.log()).not.toContain(text)
    const response = await fetch(`${server.http}/api/uploadthing`)
    expect([response.status, await response.json()]).toEqual([500, routingError])
  })
})
