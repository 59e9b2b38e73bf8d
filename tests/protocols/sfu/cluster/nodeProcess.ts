/** A server with the SFU on a fake engine, as a process of its own. */
import { startServer } from "../../../support/server.ts"
import { FakeEngine } from "../fakeEngine.ts"

const { port } = await startServer(process.env as Readonly<Record<string, string>>, {
  endpoints: { mediaEngine: new FakeEngine().open }
})
console.log(`listening  http://localhost:${port}`)
