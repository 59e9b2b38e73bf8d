/** The code of this device, and the link and the QR code in which it is. */
import { byId, make, setText } from "./elements.js"
import { generate } from "./qr.js"

const svg = "http://www.w3.org/2000/svg"
/** Light squares around the code, without which no camera finds it (ISO/IEC 18004). */
const quiet = 4

/** A picture of the text. */
const draw = (text) => {
  const code = generate(text)
  const size = code.size + 2 * quiet
  let path = ""
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) path += `M${x + quiet} ${y + quiet}h1v1h-1z`
  }
  const picture = document.createElementNS(svg, "svg")
  picture.setAttribute("viewBox", `0 0 ${size} ${size}`)
  picture.setAttribute("shape-rendering", "crispEdges")
  const dark = document.createElementNS(svg, "path")
  dark.setAttribute("d", path)
  picture.append(dark)
  return picture
}

const isLoopback = (host) =>
  host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\./.test(host)

let code
let shown = ""

/** Where others find this page: not by this machine's own name for itself. */
const base = () => byId("address").value || location.origin
const linkOf = (code) => `${base()}${location.pathname}#${code}`

/** Offers the addresses at which other machines reach this one, where the page was opened by a name that only this one knows. */
export const prepareCode = (networkUrls) => {
  const select = byId("address")
  if (isLoopback(location.hostname)) {
    select.replaceChildren(...networkUrls.map((url) => new Option(url.replace(/^https?:\/\//, ""), url)))
    for (const id of ["address", "address-label"]) byId(id).hidden = networkUrls.length < 2
    if (networkUrls.length === 0) {
      setText(
        byId("link-note"),
        "This page was opened at an address that only this machine knows: the link is good here only."
      )
    }
  }
  select.addEventListener("change", () => showCode(code))
  byId("copy").addEventListener("click", copy)
  showCode(code)
}

export const showCode = (now) => {
  code = now
  const link = now === undefined ? "" : linkOf(now)
  if (link === shown) return
  shown = link
  setText(byId("code"), now ?? "······")
  byId("copy").disabled = now === undefined
  byId("qr").replaceChildren(...(now === undefined ? [] : [draw(link)]))
}

/** A page that came over plain http from elsewhere may not write to the clipboard: then the link is there to be copied. */
const copy = async () => {
  const button = byId("copy")
  try {
    await navigator.clipboard.writeText(shown)
    button.textContent = "Copied"
    setTimeout(() => (button.textContent = "Copy link"), 2000)
  } catch {
    const field = make("input", "")
    field.value = shown
    field.readOnly = true
    field.setAttribute("aria-label", "Link to this device")
    button.replaceWith(field)
    field.select()
  }
}
