/**
 * Loaded before a measured server starts: tells the bench its port, and what it has used when asked.
 *
 * Plain JavaScript, like bareServer.js: stripping types takes some 17 MB, and the bare server is to need the least.
 */
import { subscribe } from "node:diagnostics_channel"

let listening
/** Those of a node, on which it speaks with the others. */
const clusterPort = Number(process.env["CLUSTER_ADDRESS"]?.split(":").at(-1))

subscribe("tracing:net.server.listen:asyncEnd", ({ server }) => {
  const { port } = server.address()
  // The hold on a data folder is a name that is listened on, and no port.
  if (port === undefined || port === clusterPort || port === clusterPort + 1) return
  listening = server
  process.send({ port })
})

process.on("message", ({ collect }) => {
  if (collect) globalThis.gc()
  const { user, system } = process.cpuUsage()
  listening.getConnections((_, sockets) =>
    process.send({
      cpuMicroseconds: user + system,
      residentBytes: process.memoryUsage.rss(),
      heapBytes: process.memoryUsage().heapUsed,
      sockets
    })
  )
})

// The bench has gone, or needs this server no more.
process.on("disconnect", () => process.exit(0))
