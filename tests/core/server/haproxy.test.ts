import { describe, expect, it } from "vitest"
import { connect, makeRoom } from "../../support/server.ts"
import { hasHaproxy, startHaproxy } from "../../support/standIns/haproxy.ts"
import { useServer } from "../../support/useServer.ts"

const suite = () => {
  const server = useServer()

  it.each([
    ["its default check, OPTIONS / without a Host", ["option httpchk"], "204"],
    ["a check with HEAD", ["option httpchk HEAD /readyz"], "200"],
    [
      "a check with a Host",
      ["option httpchk", "http-check send meth OPTIONS uri / ver HTTP/1.1 hdr Host signal.example"],
      "204"
    ],
    ["a check with GET", ["option httpchk GET /healthz"], "200"]
  ] as const)("counts the server as up by %s, and passes HTTP and WebSockets through", async (_, check, code) => {
    const proxy = await startHaproxy(server.port, check)
    try {
      expect(await proxy.checked()).toEqual({ status: "UP", check_status: "L7OK", check_code: code })
      const http = `http://127.0.0.1:${proxy.port}`
      expect(await (await fetch(http)).text()).toBe("Server is alive and waiting for WebSocket connections.")
      const room = await makeRoom({ http })
      const ws = `ws://127.0.0.1:${proxy.port}`
      const [host, guest] = [await connect(ws), await connect(ws)]
      for (const [client, participantId] of [
        [host, room.host],
        [guest, room.guest]
      ] as const) {
        client.send({ type: "attach-room", roomCode: room.code, participantId })
        await client.until("room-attached")
      }
      for (const client of [host, guest]) await client.until("peer-joined")
      host.send({ type: "signal", data: { through: "the proxy" } })
      expect((await guest.until("signal"))["data"]).toEqual({ through: "the proxy" })
      await Promise.all([host.close(), guest.close()])
    } finally {
      await proxy.stop()
    }
  })
}

const name = "a real HAProxy"
if (hasHaproxy()) describe(name, suite)
else if (process.env["CI"]) describe(name, () => it("is installed", () => expect.fail("haproxy is not on PATH")))
else {
  console.warn(`SKIPPED ${name}: haproxy is not on PATH. Install Debian's haproxy to run it.`)
  describe.skip(name, suite)
}
