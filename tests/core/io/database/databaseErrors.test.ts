import pg from "pg"
import { describe, expect, it } from "vitest"
import { runStatement } from "../../../../src/io/database/databaseErrors.ts"

const faultOf = (error: unknown) =>
  runStatement("load room", () => Promise.reject(error)).catch((fault: unknown) => fault)
const withCode = (code: string) => {
  const error = new pg.DatabaseError("in whatever language", 0, "error")
  error.code = code
  return error
}

describe("a fault of the database", () => {
  it.each([
    "42501",
    "42P01",
    "42703",
    "28P01",
    "28000",
    "3D000",
    "3F000",
    "25006",
    "22021",
    "22P05",
    "23502",
    "0A000",
    "26000",
    "54000"
  ])("lasts until somebody has seen to it: %s", async (code) => {
    expect(await faultOf(withCode(code))).toMatchObject({ name: "LastingDatabaseFault", lasting: true, code })
  })

  it.each([
    "08006",
    "08P01",
    "40001",
    "40P01",
    "53100",
    "53300",
    "55P03",
    "57014",
    "57P01",
    "57P03",
    "25P03",
    "58030",
    "XX000"
  ])("may pass: %s", async (code) => {
    expect(await faultOf(withCode(code))).toMatchObject({ name: "DatabaseFault", lasting: false, code })
  })

  it.each(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ENOSPC"])(
    "of the network or the disk may pass: %s",
    async (code) => {
      expect(await faultOf(Object.assign(new Error("it went away"), { code }))).toMatchObject({
        name: "DatabaseFault",
        lasting: false
      })
    }
  )

  it("may pass when nobody knows what it was", async () => {
    expect(await faultOf(new Error("Query read timeout"))).toMatchObject({ name: "DatabaseFault", lasting: false })
  })
})
