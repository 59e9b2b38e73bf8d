import { spawnSync } from "node:child_process"
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, writeSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it, vi } from "vitest"
import { createLogOutput } from "../../../../src/io/telemetry/logOutput.ts"
import { useFolder } from "../../../support/useThroughout.ts"

const directory = useFolder()
const descriptors: number[] = []
afterAll(() => {
  for (const descriptor of descriptors) closeSync(descriptor)
})

const opened = (path: string, flags: string | number): number => {
  const descriptor = openSync(path, flags)
  descriptors.push(descriptor)
  return descriptor
}

const create = (descriptor: number, waitingUnits = 10_000) => {
  const told: unknown[] = []
  const output = createLogOutput(descriptor, { waitingUnits, gatherMs: 5, retryMs: 5 })
  output.onLoss({
    lost: (lines) => told.push(["lost", lines]),
    recovered: (lines, error) => told.push(["recovered", lines, error])
  })
  return { ...output, told }
}

describe("the log's output", () => {
  it("writes what it is given, in order", async () => {
    const path = join(directory, "in-order")
    const { write, settled, told } = create(opened(path, "a"))
    for (let number = 0; number < 300; number++) write(`${number}\n`)
    expect(await settled(5000)).toEqual({ hangs: false })
    expect(readFileSync(path, "utf8").trimEnd().split("\n").map(Number)).toEqual(
      Array.from({ length: 300 }, (_, at) => at)
    )
    expect(told).toEqual([])
  })

  it("writes what comes soon after a write without being asked to, and what is much at once", async () => {
    const path = join(directory, "soon")
    const { write, settled, told } = create(opened(path, "a"))
    write("first\n")
    await vi.waitFor(() => expect(readFileSync(path, "utf8")).toBe("first\n"))
    write("second\n")
    await vi.waitFor(() => expect(readFileSync(path, "utf8")).toBe("first\nsecond\n"))
    const much = `${"x".repeat(999)}\n`
    for (let number = 0; number < 8; number++) {
      write(much)
      await new Promise(setImmediate)
    }
    await settled(5000)
    expect(readFileSync(path, "utf8")).toBe(`first\nsecond\n${much.repeat(8)}`)
    expect(told).toEqual([])
  })

  // Linux has one.
  it.skipIf(!existsSync("/dev/full") && !process.env["CI"])(
    "counts the lines that are lost, not the moments",
    async () => {
      const { write, settled, told } = create(opened("/dev/full", "a"))
      for (let number = 0; number < 7; number++) write(`${number}\n`)
      await settled(5000)
      expect(told).toEqual([["lost", 7]])
    }
  )

  it("waits for a reader that is slow, loses what is too much for it, and tells when it reads again", async () => {
    const path = join(directory, "pipe")
    spawnSync("mkfifo", [path])
    const pipe = opened(path, constants.O_RDWR | constants.O_NONBLOCK)
    let filled = 0
    try {
      for (;;) filled += writeSync(pipe, Buffer.alloc(4096, "."))
    } catch {
      // It takes no more.
    }
    const { write, settled, told } = create(pipe, 1000)
    write("first\n")
    // Time for a try that is in vain.
    await settled(20)
    for (let number = 0; number < 20; number++) write(`${"x".repeat(99)}\n`)
    expect(told).toEqual(Array(10).fill(["lost", 1]))

    readSync(pipe, Buffer.alloc(filled))
    await settled(5000)
    const bytes = Buffer.alloc(10_000)
    expect(bytes.toString("utf8", 0, readSync(pipe, bytes))).toBe(`first\n${`${"x".repeat(99)}\n`.repeat(10)}`)
    expect(told.at(-1)).toEqual(["recovered", 10, "EAGAIN"])
  })
})
