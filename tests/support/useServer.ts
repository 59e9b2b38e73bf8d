/** A server that a suite's tests share, and clients that are gone after each test. */
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from "vitest"
import type { ApplicationOptions } from "../../src/application.ts"
import { databaseOfSeveral } from "./databases.ts"
import { type ConnectOptions, startServer, type TestClient, type TestServer } from "./server.ts"
import { folderForThisTest, useFolder, useThroughout } from "./useThroughout.ts"

type Environment = Readonly<Record<string, string>>

/**
 * Started with what an operator would set; its database is an embedded one of its own unless `environment` names one. A
 * function is called when the suite begins, and may name what is not there before.
 */
export const useServer = (
  environment: Environment | (() => Environment) = {},
  options: Partial<ApplicationOptions> = {},
  commandLine: () => readonly string[] = () => []
): TestServer => {
  const directory = useFolder()
  let several: Awaited<ReturnType<typeof databaseOfSeveral>>
  return useThroughout(
    async () => {
      const given = typeof environment === "function" ? environment() : environment
      if (given["DATABASE_URL"] === undefined) several = await databaseOfSeveral()
      const place: Environment = several === undefined ? { DATA_DIR: directory } : { DATABASE_URL: several.url }
      return startServer({ ...place, ...given }, options, commandLine())
    },
    async (server) => {
      await server.stop()
      await several?.remove()
    }
  )
}

/** Opens clients of `server`. After each test they are closed, and the server must have forgotten them: `left` is left. */
export const useClients = (
  server: TestServer,
  left: Readonly<Record<string, number>> = { connections: 0, flights: 0, networks: 0 }
): ((options?: ConnectOptions) => Promise<TestClient>) => {
  const clients: TestClient[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await expect.poll(() => server.actors()).toMatchObject(left)
  })
  return async (options) => {
    const client = await server.connect(options)
    clients.push(client)
    return client
  }
}

/** As `useServer`, but the server is of one test's own, within which this is called. */
export const serverForThisTest = async (
  environment: Environment = {},
  options: Partial<ApplicationOptions> = {},
  commandLine: readonly string[] = []
): Promise<TestServer> => {
  const hasPlace = (environment["DATABASE_URL"] ?? environment["DATA_DIR"]) !== undefined
  const given = hasPlace ? environment : { DATA_DIR: await folderForThisTest(), ...environment }
  const server = await startServer(given, options, commandLine)
  // What is said last is done first.
  onTestFinished(() => server.stop())
  return server
}

/** What nobody has caught since the suite began, oldest first. */
export const useUnhandled = (): unknown[] => {
  const unhandled: unknown[] = []
  const remember = (error: unknown) => unhandled.push(error)
  const events = ["uncaughtException", "unhandledRejection"] as const
  beforeAll(() => {
    for (const event of events) process.on(event, remember)
  })
  afterAll(() => {
    for (const event of events) process.off(event, remember)
  })
  return unhandled
}
