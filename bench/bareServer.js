/**
 * What silktower is compared with: `node:http`, `ws` and `pg` doing the least that gets the same job done. Nothing is
 * checked, counted, logged or kept.
 */
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { WebSocketServer } from "ws"
import { answers } from "./mediaFrames.js"

const body = JSON.stringify({ padding: "x".repeat(386) })
const headers = { "content-type": "application/json", "content-length": body.length }

/** A poll whose question is in its body: read, and answered. */
const readingPath = "/read"

const statements = await openStatements(process.env.DATABASE_URL)

const server = createServer((request, response) => {
  const statement = request.method === "POST" ? statements?.[request.url] : undefined
  const answer = (result) => {
    const rows = result?.rows ?? []
    const text = rows.length > 1 ? JSON.stringify(rows) : rows[0]?.code === undefined ? body : JSON.stringify(rows[0])
    response.writeHead(200, { ...headers, "content-length": text.length })
    response.end(text)
  }
  if (request.url === readingPath) {
    const chunks = []
    request.on("data", (chunk) => chunks.push(chunk))
    request.on("end", () => {
      JSON.parse(Buffer.concat(chunks).toString())
      answer()
    })
    return
  }
  if (statement === undefined) return answer()
  request.resume()
  statement().then(answer, (error) => response.destroy(error))
})

/** The one INSERT and the one UPDATE of a room's first two requests, and those of a code. */
async function openStatements(url) {
  if (url === undefined) return undefined
  const { default: pg } = await import("pg")
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  let created = 0
  let joined = 0
  let minted = 0
  let redeemed = 0
  return {
    "/noisytransfer/rendezvous/code": () =>
      pool.query({
        name: "mint",
        text: `insert into noisytransfer_codes (code, app_id, minted_at, expires_at)
          values ($1, $2, now(), now() + interval '10 minutes') returning code`,
        values: [`bare ${minted++}`, randomUUID()]
      }),
    "/noisytransfer/rendezvous/redeem": () =>
      pool.query({
        name: "redeem",
        text: `update noisytransfer_codes set redeemed_at = now()
          where code = $1 and redeemed_at is null and expires_at > now() returning app_id`,
        values: [`bare ${redeemed++}`]
      }),
    "/rondevu/fill": () =>
      pool.query(`with offers as (
          insert into rondevu_offers (id, peer_id, sdp, topics, created_at, expires_at)
          select 'bare ' || n, 'peer ' || n % 100, rpad('offer ' || n, 250, 'v'), '{crowd}', now(), now() + interval '1 h'
          from generate_series(1, 10000) as n returning *
        ) insert into rondevu_topics select 'crowd', id, peer_id, created_at, arrival, expires_at from offers`),
    "/rondevu/search": () =>
      pool.query({
        name: "search",
        text: `select offers.id, offers.peer_id, sdp, topics, offers.expires_at, offers.created_at
          from (
            select offer_id from rondevu_topics where topic = $1 and expires_at > now()
            order by created_at desc, arrival desc limit 50
          ) as found cross join lateral (select * from rondevu_offers where id = found.offer_id limit 1) as offers`,
        values: ["crowd"]
      }),
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
    client.on("error", ignore)
    if (request.url.startsWith("/noisytransfer/")) return sit(client, request.url)
    if (request.url.startsWith("/named-peers")) return enter(client, request.url)
    if (request.url.startsWith("/sfu")) return client.on("message", onRequest)
    client.on("message", onMessage)
    client.on("close", onClose)
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

/** NoisyTransfer: whoever names the same room is the peer. */
function sit(client, url) {
  const room = url.slice(0, url.indexOf("&"))
  client.on("message", onRelayed)
  const host = alone.get(room)
  if (host === undefined) return alone.set(room, client)
  alone.delete(room)
  client.peer = host
  host.peer = client
  for (const member of [host, client]) member.send(`{"type":"room_full"}`)
}

function onRelayed(data) {
  this.peer?.send(data, text)
}

/** The SFU: a request is read, and answered. */
function onRequest(data) {
  const { type, requestId } = JSON.parse(data)
  this.send(JSON.stringify({ type: "response", requestId, data: answers[type] }))
}

const spaces = new Map()

/** Named peers: whoever has logged in is told to all, and found by all. */
function enter(client, url) {
  client.members = spaces.get(url) ?? new Map()
  spaces.set(url, client.members)
  client.on("message", onNamed)
  client.on("close", onLeft)
}

function onNamed(data) {
  const message = JSON.parse(data)
  if (message.type === "login") {
    this.name = message.name
    for (const member of this.members.values()) member.send(`{"type":"peer_connected","peer":"${this.name}"}`)
    this.members.set(this.name, this)
    this.send(JSON.stringify({ type: "login_success", id: this.name, clients: [...this.members.keys()] }))
    return
  }
  message.from = this.name
  this.members.get(message.target)?.send(JSON.stringify(message))
}

function onLeft() {
  this.members.delete(this.name)
  for (const member of this.members.values()) member.send(`{"type":"peer_disconnected","peer":"${this.name}"}`)
}

function ignore() {}

// Between two turns connections are idle for as long as the other server's turn takes.
server.keepAliveTimeout = 0
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 })
