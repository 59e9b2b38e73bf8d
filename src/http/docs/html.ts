/** Markup from texts: whatever is not made here is text. */

/** Markup, as opposed to text. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Part = Html | string | number | undefined | readonly Part[]

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const markupOf = (part: Part): string => {
  if (part === undefined) return ""
  if (part instanceof Html) return part.markup
  return typeof part === "object" ? part.map(markupOf).join("") : escaped(String(part))
}

/** What stands in the places of the template is text, unless it is markup itself. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(texts.reduce((markup, text, index) => markup + markupOf(parts[index - 1]) + text))

/** `words` between backticks are code. */
export const inline = (text: string): Html =>
  html`${text.split("`").map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : piece))}`

/** Paragraphs, and lists of the lines that begin with a hyphen. */
export const prose = (text: string): Html => {
  const blocks: { isList: boolean; lines: string[] }[] = []
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const isList = line.startsWith("- ")
    const last = blocks.at(-1)
    if (last?.isList === true && isList) last.lines.push(line.slice(2))
    else blocks.push({ isList, lines: [isList ? line.slice(2) : line] })
  }
  return html`${blocks.map(({ isList, lines }) =>
    isList
      ? html`<ul>${lines.map((line) => html`<li>${inline(line)}</li>`)}</ul>`
      : html`<p>${inline(lines.join(" "))}</p>`
  )}`
}

/** As part of an address on the page. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
