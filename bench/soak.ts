/**
 * npm run soak: ten minutes of people who come and go, and then what is left of them: nothing. Ends with 1 when actors
 * are left, when one that should have stayed is gone, or when the heap has grown by more than 2 of 100.
 *
 * With --nodes=3 several servers are one and fail in turn while people meet: ends with 1 when anything is lost by that.
 */
import { commandLineOf, listFlag, oneOf, valueFlagOr, wholeNumber } from "../src/config/commandLine.ts"
import { failures } from "./soaking/failures.ts"

const { seconds, connections, nodes, failure, pairs, lease } = await commandLineOf({
  command: "npm run soak --",
  purpose: "Lets people come and go at a server of its own, and counts what is left of them: nothing.",
  flags: {
    seconds: valueFlagOr(0, {
      ...wholeNumber("seconds", 10, 1_000_000),
      placeholder: "SECONDS",
      description: "How long, 600 unless told otherwise; with three nodes some 240, beside what starts and waits take"
    }),
    connections: valueFlagOr(0, {
      ...wholeNumber("connections", 0, 65_000),
      placeholder: "NUMBER",
      description: "Connections that stay all the time besides, none unless told otherwise"
    }),
    nodes: valueFlagOr(1, {
      expected: "1 or 3",
      read: (text) => ({ "1": 1, "3": 3 })[text],
      placeholder: "NUMBER",
      description: "3: as many servers that are one, on the PostgreSQL of TEST_DATABASE_URL, and each failure in turn"
    }),
    failure: listFlag({
      ...oneOf(failures.map(({ name }) => name)),
      placeholder: "NAME",
      description: `Only this one of ${failures.map(({ name }) => name).join(", ")}; may be given again`
    }),
    pairs: valueFlagOr(200, {
      ...wholeNumber("pairs", 9, 10_000),
      placeholder: "NUMBER",
      description: "Pairs that signal while nodes fail, 200 unless told otherwise"
    }),
    lease: valueFlagOr(3_000, {
      ...wholeNumber("milliseconds", 1_000, 60_000),
      placeholder: "MILLISECONDS",
      description: "After which a node that does not answer counts as gone, 3000 unless told otherwise"
    })
  }
})

const soak = async (): Promise<boolean> => {
  if (nodes === 1) return (await import("./soaking/alone.ts")).soakAlone(seconds || 600, connections)
  const { soakCluster } = await import("./soaking/cluster.ts")
  return soakCluster({ seconds: seconds || 240, leaseMs: lease, pairs, only: failure })
}
if (!(await soak())) process.exitCode = 1
