/** A value as it may be printed: on one line, not endless, without the password of a URL. */
export const shown = (value: string): string => {
  const line = value.replace(/\/\/[^/?#]*@/g, "//<redacted>@").replace(/\p{Cc}/gu, " ")
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}
