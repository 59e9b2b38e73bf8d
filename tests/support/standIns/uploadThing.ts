/**
 * UploadThing as its SDK sees it, on 127.0.0.1: it checks what UploadThing checks (the API key, the signature of an
 * upload URL, the promised size), calls back signed, and keeps what it was given until it is asked to delete it.
 */
import { createHmac, randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Redacted } from "effect"
import { useThroughout } from "../useThroughout.ts"

/** `silence`: takes the question and never answers. `cut`: hangs up. Or a status and a body, or a wait before all is well. */
export type UploadThingFault = "silence" | "cut" | { readonly status: number; readonly body: string } | Promise<void>

interface StoredFile {
  readonly name: string
  readonly bytes: Buffer
}

export interface PresignedUpload {
  readonly url: string
  readonly key: string
}

/** What is known of an upload before its file has come. */
interface Registration {
  readonly isDev: boolean
  readonly callbackUrl: string
  readonly callbackSlug: string
  readonly metadata: unknown
  /** Where a server that cannot be called back listens. */
  readonly stream: ServerResponse
}

export const pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

export const startUploadThing = async () => {
  const apiKey = `sk_live_planted${randomBytes(16).toString("hex")}`
  const appId = "app123"
  const files = new Map<string, StoredFile>()
  const registrations = new Map<string, Registration>()
  const results = new Map<string, (result: any) => void>()
  const faults = new Map<string, UploadThingFault>()
  /** Keys that a deletion is asked for and that stay, as if they were gone for a while. */
  const stubborn = new Set<string>()
  const deletions: string[][] = []
  const asked: string[] = []

  const sign = (text: string): string => `hmac-sha256=${createHmac("sha256", apiKey).update(text).digest("hex")}`

  /** Tells the server that a file has come, with a signature that `alter` may spoil. Gives back the status. */
  const callBack = async (key: string, alter: (signature: string) => string = (signature) => signature) => {
    const { callbackUrl, callbackSlug, metadata, isDev, stream } = known(registrations.get(key))
    const { name, bytes } = files.get(key) ?? { name: "planted-forged.pptx", bytes: Buffer.alloc(3) }
    const urls = {
      url: `${url}/f/${key}`,
      appUrl: `${url}/a/${appId}/${key}`,
      ufsUrl: `https://${appId}.ufs.sh/f/${key}`
    }
    const file = { key, name, size: bytes.length, type: pptx, customId: null, fileHash: "0".repeat(32), ...urls }
    const payload = JSON.stringify({ status: "uploaded", metadata, origin: url, file })
    const signature = alter(sign(payload))
    if (isDev) {
      stream.write(`${JSON.stringify({ payload, signature, hook: "callback" })}\n`)
      return 200
    }
    const response = await fetch(`${callbackUrl}?slug=${callbackSlug}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "uploadthing-hook": "callback",
        "x-uploadthing-signature": signature
      },
      body: payload
    })
    await response.text()
    return response.status
  }

  /** What a PUT comes to: refused, or stored, told to the server, and answered with what the server has said. */
  const take = async (request: IncomingMessage): Promise<readonly [number, unknown]> => {
    const asked = new URL(request.url ?? "", url)
    const key = asked.pathname.slice(1)
    const signature = asked.searchParams.get("signature") ?? ""
    asked.searchParams.delete("signature")
    if (sign(asked.href) !== signature) return [400, { error: "Invalid signature" }]
    if (Number(asked.searchParams.get("expires")) < Date.now()) return [400, { error: "URL expired" }]
    const form = await new Response((await bodyOf(request)) as Buffer<ArrayBuffer>, {
      headers: { "content-type": request.headers["content-type"] ?? "" }
    }).formData()
    const file = form.get("file") as File
    if (file.size > Number(asked.searchParams.get("x-ut-file-size"))) return [400, { error: "Size mismatch" }]
    if (!registrations.has(key)) return [404, { error: "Unknown file" }]
    const name = decodeURIComponent(asked.searchParams.get("x-ut-file-name") ?? "")
    files.set(key, { name, bytes: Buffer.from(await file.arrayBuffer()) })
    const told = new Promise<any>((resolve) => results.set(key, resolve))
    const status = await callBack(key)
    if (status !== 200) return [500, { error: "Failed to run the callback" }]
    const { callbackData, error } = await told
    return error === undefined
      ? [200, { ufsUrl: `https://${appId}.ufs.sh/f/${key}`, fileHash: "0".repeat(32), serverData: callbackData }]
      : [500, { error }]
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").split("?")[0] ?? ""
    asked.push(path)
    server.emit("asked", path)
    const send = (status: number, body: unknown) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    const fault = faults.get(path)
    if (fault === "silence") return
    if (fault === "cut") return void request.socket.destroy()
    if (fault instanceof Promise) await fault
    else if (fault !== undefined) return void response.writeHead(fault.status).end(fault.body)
    if (request.method === "HEAD") return void response.writeHead(200, { "x-ut-range-start": "0" }).end()
    if (request.method === "PUT") return send(...(await take(request)))
    if (request.headers["x-uploadthing-api-key"] !== apiKey) return send(401, { error: "Invalid API key" })
    const body = JSON.parse((await bodyOf(request)).toString())
    switch (path) {
      case "/route-metadata":
        for (const key of body.fileKeys) registrations.set(key, { ...body, stream: response })
        if (!body.isDev) return send(200, { ok: true })
        response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders()
        return
      case "/callback-result":
        results.get(body.fileKey)?.(body)
        return send(200, { ok: true })
      case "/v6/deleteFiles": {
        deletions.push(body.fileKeys)
        const gone = (body.fileKeys as string[]).filter((key) => !stubborn.has(key) && files.delete(key))
        return send(200, { success: true, deletedCount: gone.length })
      }
      case "/v6/listFiles": {
        const { limit, offset } = body
        const all = [...files].map(([key, { name, bytes }]) => ({
          id: key,
          key,
          name,
          customId: null,
          size: bytes.length,
          status: "Uploaded",
          uploadedAt: 0
        }))
        return send(200, { files: all.slice(offset, offset + limit), hasMore: offset + limit < all.length })
      }
      default:
        return send(404, { error: "Not found" })
    }
  }

  const server = createServer((request, response) => void answer(request, response))
  await once(server.listen(0, "127.0.0.1"), "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    endpoints: { apiUrl: url, ingestUrl: url },
    apiKey,
    /** As the dashboard shows it. */
    token: Redacted.make(tokenOf(apiKey, appId)),
    files,
    registrations,
    stubborn,
    /** The keys of every deletion asked for, in order. */
    deletions,
    /** The path of every question, in order. */
    asked,
    /** Resolves when a question to this path has come. */
    nextAsked: (path: string) =>
      new Promise<void>((resolve) => {
        const hear = (asked: string) => {
          if (asked !== path) return
          server.off("asked", hear)
          resolve()
        }
        server.on("asked", hear)
      }),
    callBack,
    /** From now on questions to this path meet this; nothing: all is well again. */
    fail: (path: string, fault?: UploadThingFault) =>
      void (fault === undefined ? faults.delete(path) : faults.set(path, fault)),
    stop: async () => {
      server.closeAllConnections()
      await new Promise<unknown>((resolve) => server.close(resolve))
    }
  }
}

const tokenOf = (apiKey: string, appId: string): string =>
  Buffer.from(JSON.stringify({ apiKey, appId, regions: ["sea1"] })).toString("base64")

type UploadThingStandIn = Awaited<ReturnType<typeof startUploadThing>>

/** One that the suite's tests share. */
export const useUploadThing = (): UploadThingStandIn => useThroughout(startUploadThing, (standIn) => standIn.stop())

/** What UploadThing's client does with a file, as far as the server sees it. */
export const askToUpload = (
  routeUrl: string,
  files: readonly { readonly name: string; readonly size: number; readonly type: string }[]
): Promise<Response> =>
  fetch(`${routeUrl}?actionType=upload&slug=previewUpload`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-uploadthing-package": "@uploadthing/react",
      "x-uploadthing-version": "7.7.4"
    },
    body: JSON.stringify({ files, input: null })
  })

export const putFile = async ({ url }: PresignedUpload, name: string, bytes: Uint8Array<ArrayBuffer>) => {
  const form = new FormData()
  form.append("file", new File([bytes], name, { type: pptx }))
  const response = await fetch(url, { method: "PUT", headers: { range: "bytes=0-" }, body: form })
  return { status: response.status, body: (await response.json()) as any }
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const known = <A>(value: A | undefined): A => {
  if (value === undefined) throw new Error("UploadThing was never told of this file")
  return value
}
