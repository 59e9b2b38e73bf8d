/** Real sockets whose frames of one type arrive late, behind others that were sent after them. */
type Listener = (event: MessageEvent) => void

export const lateWebSocket = () => {
  let held: { readonly type: string; readonly arrive: (() => void)[] } | undefined

  class LateWebSocket extends WebSocket {
    override addEventListener(type: string, listener: unknown) {
      const hear = listener as Listener
      const orLater: Listener = (event) => {
        if (held !== undefined && JSON.parse(event.data).type === held.type) held.arrive.push(() => hear(event))
        else hear(event)
      }
      super.addEventListener(type, (type === "message" ? orLater : hear) as EventListener)
    }
  }

  return {
    WebSocket: LateWebSocket,
    /** Holds frames of this type from now on, until they are released. */
    hold: (type: string) => {
      const own = { type, arrive: [] as (() => void)[] }
      held = own
      return {
        release: () => {
          held = undefined
          for (const arrive of own.arrive) arrive()
        }
      }
    }
  }
}
