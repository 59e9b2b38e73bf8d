/** An HTTP client that costs little: one kept-alive connection, one request at a time. */
import { once } from "node:events"
import { connect, type Socket } from "node:net"

export interface KeptAlive {
  /** Resolves with the body of the answer; rejects for another status than 200 and 201. */
  ask(request: Buffer): Promise<string>
  close(): void
}

/** A request as it goes over the wire; with a body it is a POST of JSON. `more`: header lines beside the usual ones. */
export const requestOf = (port: number, path: string, body?: object, more: readonly string[] = []): Buffer => {
  const json = body === undefined ? undefined : JSON.stringify(body)
  const lines = [
    `${json === undefined ? "GET" : "POST"} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Origin: https://dropsilk.xyz",
    ...more,
    ...(json === undefined ? [] : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(json)}`])
  ]
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${json ?? ""}`)
}

export const openKeptAlive = async (port: number): Promise<KeptAlive> => {
  const socket: Socket = connect(port, "127.0.0.1")
  await once(socket, "connect")
  socket.setNoDelay(true)
  let received = ""
  let waiting: { resolve: (body: string) => void; reject: (error: Error) => void } | undefined

  const settle = () => {
    const headEnd = received.indexOf("\r\n\r\n")
    if (headEnd === -1 || waiting === undefined) return
    const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd))
    if (length === null) return waiting.reject(new Error(`An answer without a length: ${received.slice(0, headEnd)}`))
    const end = headEnd + 4 + Number(length[1])
    if (received.length < end) return
    const [answer, { resolve, reject }] = [received.slice(0, end), waiting]
    received = received.slice(end)
    waiting = undefined
    if (/^HTTP\/1\.1 20[01] /.test(answer)) resolve(answer.slice(headEnd + 4))
    else reject(new Error(`Not answered as expected: ${answer}`))
  }
  // Bytes are counted, not characters.
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1")
    settle()
  })
  socket.on("error", () => {})
  socket.on("close", () => waiting?.reject(new Error("The server closed a connection that waits for an answer")))

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("The server has closed an idle connection"))
        waiting = { resolve, reject }
        socket.write(request)
      }),
    close: () => socket.resetAndDestroy()
  }
}

/** Works through `count` jobs, one at a time on each connection. */
export const share = async (
  connections: readonly KeptAlive[],
  count: number,
  job: (connection: KeptAlive, index: number) => Promise<unknown>
): Promise<void> => {
  let next = 0
  await Promise.all(
    connections.map(async (connection) => {
      while (next < count) await job(connection, next++)
    })
  )
}
