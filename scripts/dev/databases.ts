/** The database of the local loop: made for it, empty at its start, and nobody else's. */

import { readDatabaseUrl } from "../../src/io/database/connecting/databaseUrl.ts"
import { withPostgres } from "../../src/io/database/database.ts"
import { lockDirectory } from "../../src/io/database/embedded/directoryLock.ts"
import type { Programs } from "./programs.ts"

interface DevDatabase {
  /** What makes the server use it; also keeps a `.env` from sending it elsewhere. */
  readonly environment: Readonly<Record<string, string>>
  /** Removes all data and makes the tables anew; resolves with whether that went well. */
  empty(): Promise<boolean>
  /** Applies new migrations, where the server does not do so by itself. */
  migrate(): Promise<boolean>
  /** Takes down what was started for it. */
  close(): Promise<void>
}

/** An empty value counts as unset, and goes over `.env`. */
const unset = ""

const script = (name: string): readonly string[] => [process.execPath, `scripts/${name}.ts`]

/** The embedded database in `.data/dev`, away from the one that `npm start` uses. */
export const embeddedDatabase = (programs: Programs): DevDatabase => {
  const directory = ".data/dev"
  const environment = { DATABASE_URL: unset, DATABASE_SSL: unset, DATA_DIR: directory }
  return {
    environment,
    // By its name and not with --yes: whatever the environment says, no other database is emptied.
    empty: () =>
      programs.run([...script("resetDatabase"), `--erase=${directory}`], {
        ...process.env,
        NODE_ENV: "development",
        ...environment
      }),
    // It is brought up to date by opening it.
    migrate: async () => true,
    close: async () => {}
  }
}

/** A project of its own: its volume is not the one of `docker compose up`, and may be thrown away. */
const files = ["-f", "docker-compose.yml", "-f", "scripts/dev/compose.yml"]
const compose = ["docker", "compose", "-p", "silktower-dev", ...files]

/**
 * The `postgres` service of docker-compose.yml on a port of Docker's choice. Rejects with DockerUnavailable when it
 * cannot be started, and with DataDirectoryInUse when another local loop has it.
 */
export const dockerDatabase = async (programs: Programs, say: (line: string) => void): Promise<DevDatabase> => {
  const lock = lockDirectory(".data/dev-docker")
  const close = async () => {
    await programs.run([...compose, "down", "--volumes"])
    lock.release()
  }
  const started = await programs.run([...compose, "up", "--detach", "--wait", "postgres"])
  const port = started ? /:(\d+)\s*$/.exec((await programs.ask([...compose, "port", "postgres", "5432"])) ?? "") : null
  if (port === null) {
    await close()
    throw new DockerUnavailable()
  }
  const url = `postgres://silktower_dev:silktower_dev@127.0.0.1:${port[1]}/silktower_dev`
  const environment = { DATABASE_URL: url, DATABASE_SSL: "off" }
  const migrate = () => programs.run(script("migrate"), { ...process.env, NODE_ENV: "development", ...environment })
  return {
    environment,
    empty: async () => {
      try {
        // All of it, not our tables only: a migration that is being written may have made others.
        await withPostgres(readDatabaseUrl(url, "off"), (client) =>
          client.query("drop schema public cascade; create schema public")
        )
      } catch (error) {
        say((error as Error).message)
        return false
      }
      return migrate()
    },
    migrate,
    close
  }
}

/** What Docker said about it has been printed already. */
class DockerUnavailable extends Error {
  constructor() {
    super("Docker could not start PostgreSQL. It needs a running Docker with Compose; npm run dev needs neither.")
    this.name = "DockerUnavailable"
  }
}
