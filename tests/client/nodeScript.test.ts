import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it, onTestFinished } from "vitest"
import { makeFile } from "../browser/newcomer.ts"
import { useServer } from "../support/useServer.ts"
import { folderForThisTest } from "../support/useThroughout.ts"

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

describe("the example for Node", () => {
  const server = useServer()

  const start = (...parameters: string[]) => {
    const command = ["--import", pathOf("resolveClient.ts"), pathOf("../../examples/node/sendFile.js"), server.http]
    const child = execFile(process.execPath, [...command, ...parameters])
    onTestFinished(() => void child.kill("SIGKILL"))
    let output = ""
    child.stdout?.on("data", (text) => (output += text))
    child.stderr?.on("data", (text) => (output += text))
    return { printed: () => output, ended: once(child, "exit").then(([code]) => code as number) }
  }

  it("sends a file from one process to another", async () => {
    const folder = await folderForThisTest()
    const file = await makeFile(folder, "picture.jpg", 2_000_000)
    const sending = start("send", file.path)
    await expect.poll(sending.printed).toMatch(/Code: \w{6}/)
    const code = /Code: (\w{6})/.exec(sending.printed())?.[1] as string
    const target = await folderForThisTest()
    const receiving = start("receive", code, target)
    expect([await sending.ended, await receiving.ended]).toEqual([0, 0])
    expect(sending.printed()).toContain("Sent picture.jpg, 2000000 bytes.")
    const arrived = await readFile(join(target, "picture.jpg"))
    expect(createHash("sha256").update(arrived).digest("hex")).toBe(file.sha256)
  })

  it("says by name why a code leads nowhere", async () => {
    const receiving = start("receive", "ABC234")
    expect(await receiving.ended).toBe(1)
    expect(receiving.printed()).toBe("RoomNotFound: Room not found or expired\n")
  })
})
