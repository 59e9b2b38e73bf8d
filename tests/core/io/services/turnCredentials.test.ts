import { describe, expect, it } from "vitest"
import { timeLimitedCredentials } from "../../../../src/io/services/turnCredentials.ts"

describe("time-limited TURN credentials", () => {
  it("are what `printf '%s' NAME | openssl dgst -sha1 -hmac SECRET -binary | base64` says", () => {
    expect(timeLimitedCredentials("north", "user", 1_700_000_000.9)).toEqual({
      username: "1700000000:user",
      credential: "2uyGWnO1vHFmQfE0HWQNi1ldYAk="
    })
  })
})
