import { once } from "node:events"
import { readFile, rename, writeFile } from "node:fs/promises"
import { get } from "node:https"
import { join } from "node:path"
import { connect as connectTls, type TLSSocket } from "node:tls"
import { generate } from "selfsigned"
import { beforeAll, describe, expect, it } from "vitest"
import { refusedStart } from "../../support/process.ts"
import { connect, meetInFlight } from "../../support/server.ts"
import { useServer } from "../../support/useServer.ts"
import { useFolder } from "../../support/useThroughout.ts"

const makeCertificate = async () => {
  const { cert, private: key } = await generate([{ name: "commonName", value: "silktower" }], {
    algorithm: "sha256",
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" }
        ]
      }
    ]
  })
  return { cert, key }
}

describe("direct TLS", () => {
  const folder = useFolder()
  const files = { TLS_CERT_FILE: join(folder, "cert.pem"), TLS_KEY_FILE: join(folder, "key.pem") }
  let first: Awaited<ReturnType<typeof makeCertificate>>
  beforeAll(async () => {
    first = await makeCertificate()
    await put(first)
  })
  const server = useServer(files)

  /** As renewals do it: a new file takes the old one's name. */
  const put = async ({ cert, key }: { readonly cert: string; readonly key: string }) => {
    for (const [file, text] of [
      [files.TLS_CERT_FILE, cert],
      [files.TLS_KEY_FILE, key]
    ] as const) {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
  }
  const ask = (path: string, ca: string) =>
    new Promise<string>((resolve, reject) => {
      get({ host: "127.0.0.1", port: server.port, path, ca, agent: false }, async (incoming) => {
        let text = ""
        for await (const chunk of incoming) text += chunk
        expect(incoming.headers["strict-transport-security"]).toMatch(/^max-age=\d+$/)
        resolve(text)
      }).on("error", reject)
    })
  const open = (ca: string) => connect(`wss://127.0.0.1:${server.port}`, { ca })
  /** The certificate that the next client is shown. */
  const shown = async () => {
    const socket: TLSSocket = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false })
    await once(socket, "secureConnect")
    const { raw } = socket.getPeerCertificate()
    socket.destroy()
    return raw.toString("base64")
  }
  const bodyOf = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, "")

  it("serves https and wss on the one port, and nothing unencrypted", async () => {
    expect(await ask("/keep-alive", first.cert)).toBe("OK")
    const [ann, bob] = [await open(first.cert), await open(first.cert)]
    await meetInFlight(ann, bob)
    await Promise.all([ann.close(), bob.close()])
    await expect(fetch(server.http)).rejects.toThrow()
    const old = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion: "TLSv1.1" })
    await expect(once(old, "secureConnect")).rejects.toThrow()
  })

  it("uses a renewed certificate for those who come, keeps those who are there, and stays with it when the next is broken", async () => {
    const early = await open(first.cert)
    const second = await makeCertificate()
    await put(second)
    await expect.poll(shown, { timeout: 30_000, interval: 200 }).toBe(bodyOf(second.cert))
    expect(server.log()).toContain('"tls:renewed"')
    expect(await ask("/keep-alive", second.cert)).toBe("OK")
    await early.settled()

    await put({ cert: (await makeCertificate()).cert, key: (await makeCertificate()).key })
    await expect.poll(() => server.log(), { timeout: 30_000, interval: 200 }).toContain('"tls:error"')
    expect(await shown()).toBe(bodyOf(second.cert))
    await early.settled()
    await early.close()
    for (const line of (await readFile(files.TLS_KEY_FILE, "utf8")).trim().split("\n").slice(1, -1)) {
      expect(server.log()).not.toContain(line)
    }
  }, 70_000)

  it.each([
    ["a file that is not there", async () => ({ ...files, TLS_KEY_FILE: join(folder, "nowhere.pem") }), "ENOENT"],
    [
      "a key of another certificate",
      async () => {
        const other = join(folder, "other.pem")
        await writeFile(other, (await makeCertificate()).key)
        return { ...files, TLS_CERT_FILE: join(folder, "first.pem"), TLS_KEY_FILE: other }
      },
      "cannot be used together"
    ],
    [
      "something that is no certificate",
      async () => {
        const other = join(folder, "text.pem")
        await writeFile(other, "planted-text")
        return { TLS_CERT_FILE: other, TLS_KEY_FILE: other }
      },
      "cannot be used together"
    ]
  ])("refuses to start with %s", async (_, spoil, words) => {
    await writeFile(join(folder, "first.pem"), first.cert)
    const environment = await spoil()
    const { code, output } = await refusedStart({ ...environment, DATA_DIR: join(folder, "other") })
    expect([code, output.trim().split("\n").length]).toEqual([1, 1])
    expect(output).toContain(words)
    expect(output).toContain(environment.TLS_KEY_FILE)
    expect(output).not.toContain("planted")
  })
})
