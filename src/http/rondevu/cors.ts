/** Which pages may read the answers of rondevu: one rule for every path of a part, those that are none among them. */
import { rondevuNumbers } from "../../wire/rondevu/numbers.ts"
import type { CorsRoute } from "../cors.ts"

export interface PageWords {
  /** Of `Access-Control-Allow-Methods`, joined by commas. */
  readonly methods: string
  /** Of `Access-Control-Allow-Headers`. */
  readonly headers: string
}

export const rondevuCors = (
  origins: (origin: string) => boolean,
  { methods, headers }: PageWords
): readonly CorsRoute[] => [
  {
    path: "/",
    andBelow: true,
    origins,
    methods,
    headers,
    maxAge: rondevuNumbers.preflightSeconds,
    credentials: true,
    exposes: "Content-Type",
    hidesOnly: true
  }
]
