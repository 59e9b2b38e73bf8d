/** Pages that load the client as a stranger's do: from a server of their own. */
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { bundleClient } from "../../scripts/bundleClient.ts"
import { useThroughout } from "../support/useThroughout.ts"

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8")

/** Lets a test drive the client by hand. */
const bare = `<!doctype html><script type="module">
  import * as client from "./silktower-client.js"
  Object.assign(window, client)
  document.title = "ready"
</script>`

const startPages = async () => {
  const pages: Readonly<Record<string, readonly [type: string, text: string]>> = {
    "/bare": ["text/html", bare],
    "/": ["text/html", await read("examples/page/index.html")],
    "/files.js": ["text/javascript", await read("examples/files.js")],
    "/known": ["text/html", await read("tests/client/knownClient.html")],
    "/silktower-client.js": ["text/javascript", await bundleClient()]
  }
  const server = createServer(({ url = "/" }, response) => {
    const [type, text] = pages[url.split("?")[0] as string] ?? ["text/plain", ""]
    response.writeHead(text === "" ? 404 : 200, { "content-type": type }).end(text)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://localhost:${port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Shared by a suite's tests. */
export const usePages = () => useThroughout(startPages, (pages) => pages.close())
