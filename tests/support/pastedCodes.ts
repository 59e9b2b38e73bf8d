/** How a code looks when it has been through mails, chats, keyboards and clipboards. */
const fullWidth = (code: string): string =>
  [...code].map((letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)).join("")

export const waysToPaste: Readonly<Record<string, (code: string) => string>> = {
  "with a dash": (code) => `${code.slice(0, 3)}-${code.slice(3)}`,
  "with a long dash": (code) => `${code.slice(0, 3)} – ${code.slice(3)}`,
  "with spaces": (code) => code.split("").join(" "),
  "with spaces that do not break": (code) => code.split("").join("\u00a0"),
  "with a zero-width space": (code) => `\u200b${code.slice(0, 2)}\u200b${code.slice(2)}`,
  "with a byte order mark": (code) => `\ufeff${code}\ufeff`,
  "with marks of direction": (code) => `\u202a${code}\u202c\u200e`,
  "with a soft hyphen": (code) => `${code.slice(0, 3)}\u00ad${code.slice(3)}`,
  "in quotes, with a full stop": (code) => `“${code}”.`,
  "in full width": fullWidth,
  "in full width and lower case": (code) => fullWidth(code.toLowerCase()),
  "in lower case, with a dash": (code) => `${code.slice(0, 3)}-${code.slice(3)}`.toLowerCase(),
  "in bold letters of mathematics": (code) =>
    [...code]
      .map((letter) =>
        String.fromCodePoint((/\d/.test(letter) ? 0x1d7ce - 0x30 : 0x1d400 - 0x41) + letter.charCodeAt(0))
      )
      .join("")
}

/** What stays no code however it is cleaned, as something is missing or too much. */
export const noCodes = ["", "ABC23", "ABC2345", "ABC-2", "ABC 234 5", "-------", "x".repeat(60_000)]

/** Of six characters, as codes have, but no longer when they are cleaned: they are taken as they are, and are nobody's. */
export const codesOfNobody = ["ABC-23", "------", "\u200b".repeat(6), "ABC23ß", "AB/234", "\u{1f600}ABC2"]
