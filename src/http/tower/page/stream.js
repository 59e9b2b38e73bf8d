/** The event stream of the server, opened again whenever it ends. */

/** Milliseconds without a sign of life after which the stream counts as cut; the server gives one every 15 s. */
const silenceMs = 40_000
/** Milliseconds before the first further try, doubled for each one that fails. */
const firstPauseMs = 1_000
const longestPauseMs = 15_000

const refusals = {
  403: "The key is not accepted any more.",
  503: "The server has too many watchers, or is shutting down."
}

/**
 * Calls `onEvent(name, data)` for every event, and `onState("live" | "cut", sentence)` when the stream comes and goes.
 */
export const openStream = (url, onEvent, onState) => {
  const read = async (opened) => {
    const patience = new AbortController()
    let alarm
    const alive = () => {
      clearTimeout(alarm)
      alarm = setTimeout(() => patience.abort(), silenceMs)
    }
    try {
      alive()
      const response = await fetch(url, {
        cache: "no-store",
        headers: { accept: "text/event-stream" },
        signal: patience.signal
      })
      if (!response.ok) return refusals[response.status] ?? `The server answers ${response.status}.`
      opened()
      const text = response.body.pipeThrough(new TextDecoderStream())
      let rest = ""
      for await (const chunk of text) {
        alive()
        const blocks = (rest + chunk).split("\n\n")
        rest = blocks.pop()
        for (const block of blocks) {
          const event = /^event: (.*)\ndata: (.*)$/.exec(block)
          if (event !== null) onEvent(event[1], JSON.parse(event[2]))
        }
      }
      return "The stream has ended."
    } catch {
      return "The server cannot be reached."
    } finally {
      clearTimeout(alarm)
    }
  }

  const run = async () => {
    let pause = firstPauseMs
    for (;;) {
      const reason = await read(() => {
        pause = firstPauseMs
        onState("live", "Live")
      })
      onState("cut", `${reason} Trying again in ${Math.round(pause / 1000)} s.`)
      await new Promise((resolve) => setTimeout(resolve, pause))
      pause = Math.min(longestPauseMs, pause * 2)
    }
  }
  run()
}
