/**
 * What silktower is compared with: `node:http`, `ws` and `pg` doing the least that gets the same job done. Nothing is
 * checked, counted, logged or kept.
 */
import { createServer } from "node:http"
import { WebSocketServer } from "ws"

const body = JSON.stringify({ padding: "x".repeat(386) })
const headers = { "content-type": "application/json", "content-length": body.length }

const statements = await openStatements(process.env.DATABASE_URL)

const server = createServer((request, response) => {
  const statement = request.method === "POST" ? statements?.[request.url] : undefined
  const answer = () => {
    response.writeHead(200, headers)
    response.end(body)
  }
  if (statement === undefined) return answer()
  request.resume()
  statement().then(answer, (error) => response.destroy(error))
})

/** The one INSERT and the one UPDATE of a room's first two requests. */
async function openStatements(url) {
  if (url === undefined) return undefined
  const { default: pg } = await import("pg")
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  let created = 0
  let joined = 0
  return {
    "/create": () =>
      pool.query({
        name: "create",
        text: `insert into rooms (room_code, host_participant_id, host_name, expires_at)
          values ($1, $2, $3, now() + interval '30 minutes')`,
        values: [`bare ${created++}`, "qd7sfh2g3d1c", "SilentJaguar458"]
      }),
    "/join": () =>
      pool.query({
        name: "join",
        text: `update rooms set guest_participant_id = $2, guest_name = $3, updated_at = now(),
            expires_at = now() + interval '30 minutes'
          where room_code = $1 and guest_participant_id is null`,
        values: [`bare ${joined++}`, "eqy2yp8oiifm", "EagerWing567"]
      })
  }
}

const text = { binary: false }
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false })
const alone = new Map()
let flights = 0

server.on("upgrade", (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (client) => {
    client.on("message", onMessage)
    client.on("close", onClose)
    client.on("error", ignore)
    client.send(`{"type":"registered","id":"podw9mesa2"}`)
    client.send(`{"type":"users-on-network-update","users":[]}`)
  })
})

function onMessage(data) {
  if (this.peer !== undefined) return this.peer.send(data, text)
  const { flightCode } = JSON.parse(data)
  const host = alone.get(flightCode)
  if (host === undefined) {
    const code = (100_000 + flights++).toString()
    alone.set(code, this)
    this.send(`{"type":"flight-created","flightCode":"${code}"}`)
    return
  }
  alone.delete(flightCode)
  this.peer = host
  host.peer = this
  for (const member of [host, this]) member.send(`{"type":"peer-joined","flightCode":"${flightCode}"}`)
}

function onClose() {
  const { peer } = this
  if (peer === undefined) return
  peer.peer = undefined
  if (peer.readyState === peer.OPEN) peer.send(`{"type":"peer-left"}`)
}

function ignore() {}

// Between two turns connections are idle for as long as the other server's turn takes.
server.keepAliveTimeout = 0
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 })
