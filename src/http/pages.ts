/** What the server's own pages have in common: how their files are read and told, under which policy, and how they look. */
import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { extname } from "node:path"
import { pageOf, places } from "../places.ts"
import type { Answer } from "./answer.ts"

/** On every answer about a page, beside those that every answer has: nothing stores it, no page of another origin embeds it. */
export const unstoredHeaders = { "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" }

export const unstored = (status: number, contentType: string, body: string, more: Answer["headers"] = {}): Answer => ({
  status,
  contentType,
  body,
  headers: { ...unstoredHeaders, ...more }
})
export const unstoredText = (status: number, body: string, more?: Answer["headers"]): Answer =>
  unstored(status, "text/plain; charset=utf-8", body, more)

/** The page itself; `policy`: see `pagePolicy`. */
export const pageAnswer = (html: string, policy: string, status = 200): Answer =>
  unstored(status, "text/html; charset=utf-8", html, {
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin"
  })

/** What a page may load, in the words of CSP; absent: its own server's. Nothing comes from elsewhere. */
interface Sources {
  readonly style?: string
  readonly script?: string
  /** Requests and sockets of its scripts; absent: none. */
  readonly connect?: string
  /** Where its forms lead; absent: they lead nowhere. */
  readonly form?: string
}

export const pagePolicy = ({ style = "'self'", script = "'self'", connect = "'none'", form = "'none'" }: Sources) =>
  [
    "default-src 'none'",
    `script-src ${script}`,
    `style-src ${style}`,
    `connect-src ${connect}`,
    // The icon of the tab.
    "img-src 'self'",
    "base-uri 'none'",
    `form-action ${form}`,
    "frame-ancestors 'none'",
    // No text becomes markup, not even by a mistake in the page's own scripts.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join("; ")

/** How a policy names a text that stands in the page. */
export const inlineSource = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const fileTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8"
}
/** Begins with what all pages look like. */
const styled = "page.css"
const unknownFile = unstoredText(404, "Not Found")

export interface PageFiles {
  names(): Promise<readonly string[]>
  /** The text of one of them. */
  read(name: string): Promise<string>
  /** What is told to whoever asks for a style or a script of this name. */
  answer(name: string): Promise<Answer>
}

/** The files of a page; `folder`: see `pageOf`. */
export const createPageFiles = (folder: string): PageFiles => {
  const files = pageOf(folder)
  let listed: Promise<readonly string[]> | undefined
  const names = () => (listed ??= readdir(files))
  const read = async (name: string) => {
    const text = await readFile(new URL(name, files), "utf8")
    return name === styled ? `${await readFile(places.look, "utf8")}\n${text}` : text
  }
  return {
    names,
    read,
    answer: async (name) => {
      const type = fileTypes[extname(name)]
      return type === undefined || !(await names()).includes(name) ? unknownFile : unstored(200, type, await read(name))
    }
  }
}

/** A script that is no file of a page. */
export const scriptAnswer = (body: string): Answer => unstored(200, fileTypes[".js"] as string, body)
